"""The manifests themselves, applied with kubectl: accepted, least privilege, working, and gone without a trace."""
import os

import manifests
import scenario
from api import ApiError
from kubelet import Kubelet
from objects import node, pod, project, project_node
from scenario import PATIENCE, SYSTEM, wait_until
from webhook import WEBHOOK, Podfit

OVERLAYS = ['base'] + ['overlays/' + name for name in sorted(os.listdir(os.path.join(manifests.FOLDER, 'overlays')))]


class Manifests(scenario.Scenario):
    namespaces = ('cocalc',)

    def setUp(self):
        super().setUp()
        kubelet = Kubelet(self.api)
        kubelet.__enter__()
        self.addCleanup(kubelet.__exit__)
        self.create_nodes(project_node('p0', pods=2), node('services'))
        self.objects = []

    def tearDown(self):
        if self.objects:
            manifests.delete(self.plane, self.objects)

    def install(self, overlay):
        """Applies the overlay and starts podfit with its configuration and its account."""
        self.objects = manifests.render(self.plane, overlay)
        manifests.apply(self.plane, [obj for obj in self.objects if obj['kind'] != 'MutatingWebhookConfiguration'])
        kubeconfig = manifests.service_account_kubeconfig(self.plane)
        podfit = Podfit(self.plane, manifests.configuration_of(self.objects), kubeconfig)
        self.addCleanup(podfit.remove)
        self.addCleanup(self.stop_podfit, podfit)
        self.podfit = podfit.start()
        manifests.apply(self.plane, manifests.with_url(self.objects, podfit.url, podfit.ca_bundle()))

    def test_accepted_by_the_server(self):
        for overlay in OVERLAYS:
            with self.subTest(overlay=overlay):
                objects = manifests.render(self.plane, overlay)
                manifests.apply(self.plane, manifests.of_kind(objects, 'Namespace'))
                self.objects = objects
                out = manifests.apply(self.plane, objects, '--dry-run=server', '--validate=strict')
                self.assertEqual(out.count('(server dry run)'), len(objects), out)

    def test_pods_meet_the_restricted_profile(self):
        self.install('overlays/cocalc')
        labels = self.api.get('Namespace', None, SYSTEM)['metadata']['labels']
        self.assertEqual(labels.get('pod-security.kubernetes.io/enforce'), 'restricted')
        wanted = manifests.of_kind(self.objects, 'Deployment')[0]['spec']['replicas']
        pods = wait_until(lambda: self.running_replicas(wanted), "the Deployment's pods", PATIENCE)
        self.wait_bound(*pods)
        self.assertEqual({p['spec']['nodeName'] for p in pods}, {'services'}, 'not on the dedicated nodes')
        self.assertNotIn('podfit.io/verdict', str(pods), 'podfit is not asked about itself')

    def running_replicas(self, wanted):
        pods = self.api.list('Pod', SYSTEM)
        return pods if len(pods) == wanted else None

    def test_cocalc_overlay_works(self):
        self.install('overlays/cocalc')
        self.podfit.wait_until_asked('cocalc', {'run': 'project'})
        for number in range(2):
            made = self.create(project('project-%d' % number))
            self.assertEqual(made['spec']['containers'][0]['resources']['requests'], {'cpu': '50m', 'memory': '200Mi'})
            self.wait_bound(made)
        message = self.refused(project('project-2'))
        self.assertIn('"%s" denied the request: 0/2 nodes are available: 1 Too many pods' % WEBHOOK, message)
        other = project('other')
        other['metadata']['labels'] = {'run': 'other'}
        before = self.podfit.reviews()
        self.create(other)
        self.assertEqual(self.podfit.reviews(), before, 'the API server does not even ask')

    def test_without_podfit(self):
        """failurePolicy Ignore: what is created while no podfit answers is created as it is."""
        self.install('overlays/cocalc')
        self.podfit.wait_until_asked('cocalc', {'run': 'project'})
        self.podfit.process.kill()
        made = self.create(project('project-1'))
        self.assertNotIn('podfit.io/verdict', made['metadata'].get('annotations', {}))
        self.podfit.start()
        wait_until(lambda: 'annotations' in self.api.create(project('again'), dry_run=True)['metadata'], 'podfit again', PATIENCE)

    def test_recovers_by_itself(self):
        """failurePolicy Fail and no podfit left: its own pods and those of kube-system come to be all the same, and no others."""
        self.install('base')
        self.podfit.wait_until_asked('cocalc', {'run': 'project'})
        wanted = manifests.of_kind(self.objects, 'Deployment')[0]['spec']['replicas']
        gone = {p['metadata']['uid'] for p in wait_until(lambda: self.running_replicas(wanted), "the Deployment's pods", PATIENCE)}
        self.plane.kubectl('patch', 'mutatingwebhookconfiguration', 'podfit', '--type=json', '-p',
                           '[{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Fail"}]')
        self.podfit.process.kill()
        wait_until(self.fails_closed, 'a creation that fails for want of podfit', PATIENCE)
        self.api.delete_all('Pod', SYSTEM)
        wait_until(lambda: len({p['metadata']['uid'] for p in self.api.list('Pod', SYSTEM)} - gone) == wanted, "new pods of podfit's", PATIENCE)
        self.api.create(pod('kube-system', 'agent'), dry_run=True)

    def fails_closed(self):
        try:
            self.api.create(project('elsewhere'), dry_run=True)
        except ApiError as error:
            return error.status == 500
        return False

    def test_uninstall(self):
        self.install('overlays/cocalc')
        self.podfit.wait_until_asked('cocalc', {'run': 'project'})
        self.wait_bound(self.create(project('kept')))
        manifests.delete(self.plane, self.objects)
        for kind in ('all', 'clusterroles', 'clusterrolebindings', 'mutatingwebhookconfigurations', 'configmaps', 'leases', 'priorityclasses'):
            out = self.plane.kubectl('get', kind, '-A', '-o', 'name', '-l', 'app.kubernetes.io/part-of=podfit')[1]
            self.assertEqual(out, '', kind)
        self.assertFalse(self.api.exists('Namespace', None, SYSTEM))
        self.assertTrue(self.api.exists('Pod', 'cocalc', 'kept'), 'what was admitted stays')
        self.podfit.process.kill()
        made = self.create(project('later'))
        self.assertNotIn('podfit.io/verdict', made['metadata'].get('annotations', {}))
        self.objects = []


if __name__ == '__main__':
    scenario.main()
