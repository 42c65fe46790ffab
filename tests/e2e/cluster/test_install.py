"""Installing as operators do: what the manifests may do once applied, applying them again, and the Helm chart installed, upgraded and uninstalled."""
import base64
import json
import os
import subprocess
import sys

import scenario
from api import Api, ApiError
from objects import bound, node, pod, project
from plane import ROOT, SKIPPED, wait_until

MANIFESTS = os.path.join(ROOT, 'manifests')
ACCOUNT = 'system:serviceaccount:podfit-system:podfit'
NAMESPACE = {'apiVersion': 'v1', 'kind': 'Namespace',
             'metadata': {'name': 'podfit-system', 'labels': {'pod-security.kubernetes.io/enforce': 'restricted'}}}
REGISTRATIONS = 'admissionregistration.k8s.io/mutatingwebhookconfigurations'
# (verb, group/resource, namespace or '' for all, name, may it?)
RIGHTS = [
    ('list', '/nodes', '', '', True), ('watch', '/pods', '', '', True), ('list', 'resource.k8s.io/deviceclasses', '', '', True),
    ('watch', 'policy/poddisruptionbudgets', '', '', True),
    ('patch', REGISTRATIONS, '', 'podfit', True), ('patch', REGISTRATIONS, '', 'other', False), ('delete', REGISTRATIONS, '', 'podfit', False),
    ('update', '/secrets', 'podfit-system', 'podfit-certificates', True), ('create', 'coordination.k8s.io/leases', 'podfit-system', '', True),
    ('list', '/secrets', 'podfit-system', 'podfit-certificates', True), ('get', '/secrets', 'podfit-system', 'other', False),
    ('list', '/secrets', 'podfit-system', '', False), ('create', '/secrets', 'kube-system', '', False),
    ('get', '/configmaps', 'podfit-system', 'podfit', False), ('create', '/pods', '', '', False), ('patch', '/pods', '', '', False),
    ('delete', '/pods', '', '', False), ('patch', '/nodes', '', '', False),
]
CLUSTER_SCOPED = ('ClusterRole', 'ClusterRoleBinding', 'MutatingWebhookConfiguration')


def rbac_path(kind):
    group = 'rbac.authorization.k8s.io' if kind.startswith('ClusterRole') else 'admissionregistration.k8s.io'
    return '/apis/%s/v1/%ss' % (group, kind.lower())


class Installed(scenario.Scenario):
    namespaces = ('cocalc',)

    def setUp(self):
        super().setUp()
        self.addCleanup(self.remove)

    def apply(self, folder, *options):
        return self.plane.kubectl('apply', '-k', os.path.join(MANIFESTS, folder), *options)[1]

    def remove(self):
        """What a test left, after a failure, too. The namespace stays: its end takes the controllers five seconds."""
        for kind in CLUSTER_SCOPED:
            for name in self.ours(kind):
                self.api.request('DELETE', '%s/%s' % (rbac_path(kind), name))
        if self.api.exists('Namespace', None, 'podfit-system'):
            self.api.delete_all('Deployment', 'podfit-system')
            self.api.delete_all('Pod', 'podfit-system')

    def remove_namespace(self):
        if self.api.exists('Namespace', None, 'podfit-system'):
            self.api.delete('Namespace', None, 'podfit-system')
        wait_until(self.gone, 'the end of the namespace podfit-system', scenario.PATIENCE)

    def gone(self):
        self.api.delete_all('Pod', 'podfit-system')
        return not self.api.exists('Namespace', None, 'podfit-system')

    def ours(self, kind):
        items = self.api.request('GET', rbac_path(kind))['items']
        return [o['metadata']['name'] for o in items if o['metadata']['name'].startswith('podfit')]

    def pods(self):
        return self.api.list('Pod', 'podfit-system')


class Kustomize(Installed):
    def test_the_pods_are_accepted_under_the_restricted_profile(self):
        self.create_nodes(node('n0'), node('n1'))
        self.apply('base')
        wait_until(lambda: len(self.pods()) == 2 and all(map(bound, self.pods())), lambda: 'two bound pods: %s' % self.events('podfit-system', 'FailedCreate'),
                   scenario.PATIENCE)
        self.assertEqual({p['spec']['priorityClassName'] for p in self.pods()}, {'system-cluster-critical'})
        self.assertEqual({p['spec']['nodeName'] for p in self.pods()}, {'n0', 'n1'}, 'spread over the hosts')
        self.loosened_is_refused(self.pods()[0])

    def loosened_is_refused(self, pod):
        """The profile is in force: the same pod with one rule less does not get in."""
        spec = {k: v for k, v in pod['spec'].items() if k != 'nodeName'}
        spec['containers'][0]['securityContext']['allowPrivilegeEscalation'] = True
        loose = {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': 'loose', 'namespace': 'podfit-system'}, 'spec': spec}
        with self.assertRaises(ApiError) as caught:
            self.api.create(loose, dry_run=True)
        self.assertIn('violates PodSecurity "restricted:latest"', caught.exception.message)

    def may(self, verb, resource, namespace='', name=''):
        group, _, plural = resource.partition('/')
        what = {'verb': verb, 'group': group, 'resource': plural, 'namespace': namespace, 'name': name}
        review = {'apiVersion': 'authorization.k8s.io/v1', 'kind': 'SubjectAccessReview', 'spec': {'user': ACCOUNT, 'resourceAttributes': what}}
        return self.api.request('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', review)['status']['allowed']

    def test_rights(self):
        self.apply('base')
        for *question, wanted in RIGHTS:
            with self.subTest(question):
                self.assertEqual(self.may(*question), wanted)
        self.plane.kubectl('apply', '-f', os.path.join(MANIFESTS, 'components', 'gate', 'rbac.yaml'))
        self.assertTrue(self.may('patch', '/pods'))

    def test_the_account_reads_the_cluster(self):
        self.apply('base')
        api = Api(self.plane.port, self.plane.ca_file, self.plane.service_account_token('podfit-system', 'podfit'))
        self.addCleanup(api.close)
        self.assertIn('gitVersion', api.request('GET', '/version'))
        rules = self.api.request('GET', rbac_path('ClusterRole') + '/podfit-model')['rules']
        for group, resource in [(g, r) for rule in rules for g in rule.get('apiGroups', []) for r in rule['resources']]:
            with self.subTest(resource):
                path = '/apis/%s/v1/%s' % (group, resource) if group else '/api/v1/' + resource
                self.assertIn('items', api.request('GET', path + '?limit=1'))

    def test_applying_again_changes_nothing(self):
        self.apply('overlays/cocalc')
        changed = [line for line in self.apply('overlays/cocalc').splitlines() if not line.endswith(' unchanged')]
        # kubectl replaces the selector of a PodDisruptionBudget each time, by itself
        self.assertEqual(changed, ['poddisruptionbudget.policy/podfit configured'])
        self.assertEqual(self.api.request('GET', '/apis/policy/v1/namespaces/podfit-system/poddisruptionbudgets/podfit')['metadata']['generation'], 1)

    def test_the_bundle_has_one_owner(self):
        """podfit writes caBundle by server-side apply; applying the manifests again, either way, keeps it and meets no conflict."""
        for options in ((), ('--server-side',)):
            with self.subTest(options):
                self.apply('base', *options)
                bundle = base64.b64encode(self.api.request('GET', '/api/v1/namespaces/kube-system/configmaps/kube-root-ca.crt')['data']['ca.crt'].encode())
                own = {'apiVersion': 'admissionregistration.k8s.io/v1', 'kind': 'MutatingWebhookConfiguration', 'metadata': {'name': 'podfit'},
                       'webhooks': [{'name': 'projects.podfit.io', 'clientConfig': {'caBundle': bundle.decode()}}]}
                path = rbac_path('MutatingWebhookConfiguration') + '/podfit'
                self.api.request('PATCH', path + '?fieldManager=podfit&force=true', own, 'application/apply-patch+yaml')
                self.apply('overlays/cocalc', *options)
                hook = self.api.request('GET', path)['webhooks'][0]
                self.assertEqual(hook['clientConfig']['caBundle'], bundle.decode())
                self.assertEqual(hook['objectSelector'], {'matchLabels': {'run': 'project'}})
                self.remove()


class Removing(Installed):
    def documented(self):
        """The command of docs/INSTALL.md that lets pods go which wait behind podfit's gate."""
        with open(os.path.join(ROOT, 'docs', 'INSTALL.md'), encoding='utf-8') as f:
            blocks = f.read().split('```sh\n')[1:]
        return [b.split('```')[0] for b in blocks if 'schedulingGates' in b][0]

    def test_gated_pods_are_let_go(self):
        self.create_nodes(node('n0'))
        gates = {'ours': ['podfit.io/capacity'], 'both': ['podfit.io/capacity', 'example.com/other'], 'theirs': ['example.com/other']}
        for name, names in gates.items():
            self.create(pod('cocalc', name, schedulingGates=[{'name': n} for n in names]))
        path = os.path.join(self.plane.dir, 'bin')
        os.makedirs(path, exist_ok=True)
        if not os.path.exists(os.path.join(path, 'kubectl')):
            os.symlink(os.path.join(self.plane.state['binaries'], 'kubectl'), os.path.join(path, 'kubectl'))
        environment = {'PATH': '%s:%s' % (path, os.environ['PATH']), 'HOME': self.plane.dir, 'KUBECONFIG': self.plane.admin_kubeconfig}
        subprocess.run(['bash', '-euo', 'pipefail', '-c', self.documented()], env=environment, check=True, timeout=60, stdout=subprocess.DEVNULL)
        left = {name: [g['name'] for g in self.api.get('Pod', 'cocalc', name)['spec'].get('schedulingGates', [])] for name in gates}
        self.assertEqual(left, {'ours': [], 'both': ['example.com/other'], 'theirs': ['example.com/other']})
        wait_until(lambda: bound(self.api.get('Pod', 'cocalc', 'ours')), 'the binding', scenario.PATIENCE)


class Helm(Installed):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        built = subprocess.run([os.path.join(ROOT, 'scripts', 'lib', 'tools')], stdout=subprocess.PIPE, text=True, check=False)
        if built.returncode != 0:
            sys.exit(SKIPPED if built.returncode == SKIPPED else 1)
        cls.binary = os.path.join(built.stdout.strip(), 'helm')

    def helm(self, *args, values=None):
        environment = {'PATH': os.environ['PATH'], 'HOME': self.plane.dir, 'KUBECONFIG': self.plane.admin_kubeconfig}
        done = subprocess.run([self.binary, *args, '--namespace', 'podfit-system'], env=environment, input=json.dumps(values or {}), text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        if done.returncode != 0:
            raise AssertionError('helm %s: %s' % (' '.join(args), done.stderr))
        return done.stdout

    def test_install_upgrade_uninstall(self):
        self.remove_namespace()  # helm takes over nothing that kubectl made
        self.api.create(NAMESPACE)
        chart = os.path.join(MANIFESTS, 'helm', 'podfit')
        notes = self.helm('install', 'podfit', chart, '--values', '-')
        self.assertIn("Class 'everything' observes", notes)
        wait_until(lambda: len(self.pods()) == 2, lambda: 'two pods: %s' % self.events('podfit-system', 'FailedCreate'), scenario.PATIENCE)
        self.helm('upgrade', 'podfit', chart, '--values', '-', values={'replicas': 3, 'webhook': {'failurePolicy': 'Fail', 'timeoutSeconds': 5},
                                                                       'gate': {'enabled': True}})
        hook = self.api.request('GET', rbac_path('MutatingWebhookConfiguration') + '/podfit')['webhooks'][0]
        self.assertEqual((hook['failurePolicy'], hook['timeoutSeconds']), ('Fail', 5))
        wait_until(lambda: len(self.pods()) == 3, lambda: 'three pods: %s' % self.events('podfit-system', 'FailedCreate'), scenario.PATIENCE)
        self.helm('uninstall', 'podfit')
        for kind in CLUSTER_SCOPED:
            self.assertEqual(self.ours(kind), [])
        self.create(project('project-1'))


if __name__ == '__main__':
    scenario.main()
