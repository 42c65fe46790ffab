"""podfit keeps its own certificate and registration, with the rights of the manifests and nothing else: from nothing, renewed, rotated, restarted."""
import base64
import subprocess

import manifests
import scenario
from api import ApiError
from balancer import Balancer
from load import Stream
from objects import project, project_node
from scenario import PATIENCE, SYSTEM, wait_until
from webhook import Podfit

HOOK, SECRET = 'podfit', 'podfit-certificates'
HOOK_PATH = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/' + HOOK
LEASE_PATH = '/apis/coordination.k8s.io/v1/namespaces/%s/leases/%s' % (SYSTEM, SECRET)
SECRET_PATH = '/api/v1/namespaces/%s/secrets/%s' % (SYSTEM, SECRET)
RIGHTS = ('Namespace', 'ServiceAccount', 'Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding')


def certificates(pem):
    """Subjects of the certificates in a PEM text."""
    end = '-----END CERTIFICATE-----\n'
    blocks = [block + end for block in pem.split(end) if block.strip()]
    return [subprocess.run(['openssl', 'x509', '-noout', '-subject'], input=block, stdout=subprocess.PIPE, check=True, text=True).stdout.strip() for block in blocks]


class Registration(scenario.Scenario):
    namespaces = ('cocalc',)

    def setUp(self):
        super().setUp()
        self.create_nodes(project_node('p0', cpu='64', memory='256Gi', pods=10000))
        self.objects = manifests.render(self.plane, 'overlays/cocalc')
        self.remove_traces()
        manifests.apply(self.plane, [obj for obj in self.objects if obj['kind'] in RIGHTS])
        self.kubeconfig = manifests.service_account_kubeconfig(self.plane)
        self.balancer = Balancer()
        self.addCleanup(self.balancer.end)
        self.replicas = []
        self.addCleanup(self.stop_replicas)

    def stop_replicas(self):
        self.api.delete('MutatingWebhookConfiguration', None, HOOK)
        for replica in self.replicas:
            if self.failed():
                print(replica.process.tail(6000))
            replica.stop()
            replica.remove()
        self.remove_traces()

    def remove_traces(self):
        for path in (HOOK_PATH, SECRET_PATH, LEASE_PATH):
            try:
                self.api.request('DELETE', path)
            except ApiError as error:
                if error.status != 404:
                    raise

    def replica(self, name, *options):
        """Started, not awaited."""
        podfit = Podfit(self.plane, manifests.configuration_of(self.objects), self.kubeconfig, (
            '--webhook-configuration', HOOK, '--cert-secret', '%s/%s' % (SYSTEM, SECRET), '--cert-lease', '%s/%s' % (SYSTEM, SECRET),
            '--service', '127.0.0.1', '--service', 'podfit.podfit-system.svc', '--shutdown-delay', '3s') + options, name)
        podfit.start(wait=False)
        self.replicas.append(podfit)
        self.balancer.backends = [(r.port, lambda r=r: self.is_ready(r)) for r in self.replicas if r.process.alive()]
        return podfit

    @staticmethod
    def is_ready(replica):
        return replica.process.alive() and replica.ready()

    def register(self):
        """Applies the registration as the manifests have it, with the address of the replicas and with failurePolicy Fail."""
        objects = manifests.with_url(manifests.of_kind(self.objects, 'MutatingWebhookConfiguration'), self.url)
        for hook in objects[0]['webhooks']:
            hook['failurePolicy'] = 'Fail'
        manifests.apply(self.plane, objects)

    def url(self, path):
        return 'https://127.0.0.1:%d%s' % (self.balancer.port, path)

    def secret(self):
        return {k: base64.b64decode(v).decode() for k, v in self.api.request('GET', SECRET_PATH)['data'].items()}

    def bundles(self):
        hooks = self.api.request('GET', HOOK_PATH)['webhooks']
        return [base64.b64decode(h['clientConfig'].get('caBundle') or '').decode() for h in hooks]

    def registration(self, replica):
        return replica.stats()['registration']

    def begin(self, *options):
        """Two replicas at once, registered, ready, and asked by the API server."""
        self.register()
        first, second = self.replica('first', *options), self.replica('second', *options)
        for replica in (first, second):
            replica.wait_ready()
        wait_until(self.can_create, 'a review that the API server trusts', PATIENCE)
        return first, second

    def can_create(self):
        try:
            self.api.create(project('probe'), dry_run=True)
            return True
        except ApiError:
            return False

    def test_from_nothing(self):
        first, second = self.begin()
        secret = self.secret()
        self.assertEqual(sorted(secret), ['ca.crt', 'ca.key', 'tls.crt', 'tls.key'])
        self.assertEqual(len(certificates(secret['ca.crt'])), 1)
        self.assertEqual(set(self.bundles()), {secret['ca.crt']})
        states = [self.registration(r) for r in (first, second)]
        self.assertEqual(sum(s['secretWrites'] for s in states), 1, 'one CA')
        self.assertEqual(sorted(s['leaseHeld'] for s in states), [False, True])
        self.assertEqual({r.stats()['certificate']['sha256'] for r in (first, second)}, {first.stats()['certificate']['sha256']})
        self.owns_one_field()
        self.create(project('created'))
        self.assertIn('podfit_registration_trusted 1', first.ops('/metrics')[1])
        self.assertIn('[+]registration ok', first.ops('/readyz?verbose')[1])

    def owns_one_field(self):
        managed = [m for m in self.api.request('GET', HOOK_PATH)['metadata']['managedFields'] if m['manager'] == 'podfit-ca']
        self.assertEqual(len(managed), 1)
        self.assertEqual(managed[0]['operation'], 'Apply')
        for entry in managed[0]['fieldsV1']['f:webhooks'].values():
            self.assertEqual(set(entry) - {'.'}, {'f:clientConfig', 'f:name'})
            self.assertEqual(set(entry['f:clientConfig']), {'f:caBundle'})

    def test_the_bundle_is_put_right(self):
        first, second = self.begin()
        right = self.bundles()
        with open(self.plane.ca_file, 'rb') as file:
            stranger = base64.b64encode(file.read()).decode()
        holder = wait_until(lambda: next((r for r in (first, second) if self.registration(r)['leaseHeld']), None), 'a holder of the Lease', PATIENCE)
        for number in range(1, 4):
            self.plane.kubectl('patch', 'mutatingwebhookconfiguration', HOOK, '--type=json', '-p',
                               '[{"op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": "%s"}]' % stranger)
            wait_until(lambda: self.bundles() == right, 'the right bundle', PATIENCE)
            self.wait_counted(holder, number)
        wait_until(self.can_create, 'a review', PATIENCE)
        # the other one may meet the change and its mending at once, and then saw none
        self.assertLessEqual(max(self.registration(r)['bundleResets'] for r in (first, second)), 3)
        self.assertEqual(self.is_ready(first), True, 'readiness stays')
        manifests.apply(self.plane, manifests.with_url([dict(o) for o in manifests.of_kind(manifests.render(self.plane, 'overlays/cocalc'),
                                                                                           'MutatingWebhookConfiguration')], self.url), '--server-side')
        self.assertEqual(self.bundles(), right, 'applying the manifests keeps it, without a conflict')

    def wait_counted(self, holder, resets):
        """Who puts the bundle right has counted the change, and has seen its own mending: until then a next change is the same one to it."""
        def counted():
            state = self.registration(holder)
            return state['bundleResets'] == resets and state['bundleRight']
        wait_until(counted, lambda: '%d resets: %s' % (resets, self.registration(holder)), PATIENCE)

    def annotate(self, value):
        self.plane.kubectl('-n', SYSTEM, 'annotate', 'secret', SECRET, 'podfit.io/rotate=' + value)

    def test_rotation_and_restart_under_load(self):
        """Leaf and CA by their lifetimes, then by an operator; replicas replaced meanwhile."""
        options = ('--cert-lifetime', '60s', '--ca-lifetime', '75s', '--ca-publish-delay', '3s')
        first, second = self.begin(*options)
        before = self.secret()
        stream = Stream(self.api)
        self.addCleanup(stream.end)
        third = self.replica('third', *options)
        third.wait_ready()
        first.stop()
        wait_until(lambda: self.secret()['tls.crt'] != before['tls.crt'], 'a new leaf by its lifetime', 75)
        wait_until(lambda: certificates(self.secret()['ca.crt'])[0] != certificates(before['ca.crt'])[0], 'a new CA by its lifetime', 75)
        self.assertIn(certificates(before['ca.crt'])[0], certificates(self.bundles()[0]), 'the old CA stays while its leaves live')
        fourth = self.replica('fourth', *options)
        fourth.wait_ready()
        second.stop()
        middle = self.secret()
        self.annotate('ca')
        wait_until(lambda: certificates(self.secret()['ca.crt'])[0] != certificates(middle['ca.crt'])[0], 'a new CA on request', PATIENCE)
        served = self.secret()
        self.annotate('leaf')
        wait_until(lambda: self.secret()['tls.crt'] != served['tls.crt'], 'a new leaf on request', PATIENCE)
        self.all_serve(third, fourth)
        stream.end()
        self.assertEqual(stream.failures, [])
        self.assertGreater(stream.created, 100)

    def all_serve(self, *replicas):
        def same():
            served = {r.stats()['certificate']['sha256'] for r in replicas}
            return len(served) == 1 and all(self.registration(r)['trusted'] for r in replicas)
        wait_until(same, 'the newest certificate in every replica', PATIENCE)

    def test_the_secret_comes_back(self):
        first, _ = self.begin()
        before = self.secret()
        self.api.request('DELETE', SECRET_PATH)
        wait_until(lambda: self.exists_again(before), 'the same Secret', PATIENCE)
        self.assertEqual(self.is_ready(first), True)
        self.create(project('created'))

    def exists_again(self, before):
        try:
            return self.secret() == before
        except ApiError:
            return False


if __name__ == '__main__':
    scenario.main()
