"""Claims of a StorageClass with volumeBindingMode WaitForFirstConsumer: the node is chosen before the volume, so both have to be there."""
import scenario
from kubelet import Kubelet
from load import Burst
from objects import bound, node, pod, unschedulable
from scenario import PATIENCE, wait_until

CLASS = {'apiVersion': 'storage.k8s.io/v1', 'kind': 'StorageClass', 'metadata': {'name': 'local'}, 'provisioner': 'kubernetes.io/no-provisioner',
         'volumeBindingMode': 'WaitForFirstConsumer'}
CONFIG = '''apiVersion: config.podfit.io/v1
kind: PodfitConfiguration
classes:
- name: ide
  match: {namespaces: [coditect-app]}
  requests: keep
  onNever: reject
  onFull: reject
fit:
  onUnknown: %s
'''
SPACE = 'coditect-app'


def volume(name, where):
    terms = [{'matchExpressions': [{'key': 'kubernetes.io/hostname', 'operator': 'In', 'values': [where]}]}]
    return {'apiVersion': 'v1', 'kind': 'PersistentVolume', 'metadata': {'name': name}, 'spec': {
        'capacity': {'storage': '55Gi'}, 'accessModes': ['ReadWriteOnce'], 'storageClassName': 'local', 'local': {'path': '/mnt/' + name},
        'nodeAffinity': {'required': {'nodeSelectorTerms': terms}}}}


def claim(name, size='50Gi'):
    return {'apiVersion': 'v1', 'kind': 'PersistentVolumeClaim', 'metadata': {'name': name, 'namespace': SPACE}, 'spec': claim_spec(size)}


def claim_spec(size='50Gi'):
    return {'accessModes': ['ReadWriteOnce'], 'storageClassName': 'local', 'resources': {'requests': {'storage': size}}}


def workspace(name, claimed, cpu='500m', **spec):
    return pod(SPACE, name, {'cpu': cpu}, labels={'app': 'ide'}, volumes=[{'name': 'home', 'persistentVolumeClaim': {'claimName': claimed}}], **spec)


def stateful_set(replicas, policy='Parallel'):
    template = workspace('unused', 'unused')
    template['spec'].pop('volumes')
    return {'apiVersion': 'apps/v1', 'kind': 'StatefulSet', 'metadata': {'name': 'coditect', 'namespace': SPACE}, 'spec': {
        'replicas': replicas, 'serviceName': 'ide', 'podManagementPolicy': policy, 'selector': {'matchLabels': {'app': 'ide'}},
        'template': {'metadata': {'labels': {'app': 'ide'}}, 'spec': template['spec']},
        'volumeClaimTemplates': [{'metadata': {'name': 'home'}, 'spec': claim_spec()}]}}


class Volumes(scenario.Scenario):
    namespaces = (SPACE,)

    def setUp(self):
        super().setUp()
        self.create(CLASS)
        self.create_nodes(node('n0', cpu='4', memory='16Gi'), node('n1', cpu='4', memory='16Gi'))

    def volumes(self, where, number):
        for index in range(number):
            self.create(volume('%s-%d' % (where, index), where))

    def verdict(self, obj):
        """podfit's word on a creation that is not carried out: verdict, or the refusal."""
        try:
            return self.api.create(obj, dry_run=True)['metadata']['annotations']['podfit.io/verdict']
        except scenario.ApiError as error:
            return error.message

    def claim(self, name, **how):
        """A claim that podfit knows of."""
        self.create(claim(name, **how))
        wait_until(lambda: 'unknown' not in self.verdict(workspace('probe', name)), 'the claim in the model', PATIENCE)

    def bound_replicas(self):
        return sum(map(bound, self.api.list('Pod', SPACE)))

    def wait_replicas(self, number):
        self.wait_for_controller(lambda: self.bound_replicas() == number, lambda: '%d bound replicas, not %d' % (number, self.bound_replicas()), SPACE)

    def check_same_sentence(self, obj):
        """Refused in kube-scheduler's own words: those that it has for the same pod where podfit looks away."""
        message = self.refused(obj)
        obj['metadata']['labels']['podfit'] = 'look-away'
        theirs = self.wait_unschedulable(self.create(obj))
        self.assertIn('denied the request: ' + theirs.split('. ', 1)[0], message)
        self.api.delete('Pod', SPACE, obj['metadata']['name'])
        return message

    def test_stateful_set(self):
        """Six volumes: six of eight replicas, one after the other. A replica whose claim podfit has not seen yet is unknown, and refused here until it has."""
        self.volumes('n0', 3)
        self.volumes('n1', 3)
        self.serve(CONFIG % 'reject')
        kubelet = Kubelet(self.api, default='runs')
        kubelet.__enter__()
        self.addCleanup(kubelet.__exit__)
        self.create(stateful_set(8, 'OrderedReady'))
        self.wait_replicas(6)

        def sentences():
            return [e['message'] for e in self.events(SPACE, 'FailedCreate')
                    if "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind" in e['message']]
        wait_until(sentences, lambda: 'an Event about volumes among %s' % {e['message'] for e in self.events(SPACE, 'FailedCreate')}, PATIENCE)
        self.assertEqual([p['metadata']['name'] for p in self.api.list('Pod', SPACE) if not bound(p)], [], 'no replica is Pending')
        self.assertEqual({p['metadata']['annotations']['podfit.io/verdict'] for p in self.api.list('Pod', SPACE)}, {'fits'})
        self.create(volume('more', 'n1'))
        self.wait_replicas(7)

    def test_stateful_set_in_parallel(self):
        """Six volumes, eight replicas at once, of which nothing is bound yet: six are promised a volume, and the other two are told."""
        self.volumes('n0', 3)
        self.volumes('n1', 3)
        self.serve(CONFIG % 'reject')
        for number in range(8):  # the controller makes those that are missing; unknown ones would be tried again and come one by one
            self.claim('home-coditect-%d' % number)
        self.create(stateful_set(8))
        self.wait_replicas(6)
        wait_until(lambda: any("didn't find available persistent volumes" in e['message'] for e in self.events(SPACE, 'FailedCreate')), 'an Event about volumes', PATIENCE)
        self.assertEqual(len(self.api.list('Pod', SPACE)), 6, 'no replica is Pending')
        self.assertEqual({p['metadata']['annotations']['podfit.io/verdict'] for p in self.api.list('Pod', SPACE)}, {'fits'})
        wait_until(lambda: self.podfit.stats()['predictions']['right'] == 6, 'six that were right', PATIENCE)
        self.assertEqual(self.podfit.stats()['predictions']['wrong'], 0)
        self.create(volume('more', 'n1'))
        self.wait_replicas(7)

    def test_burst_of_claims(self):
        """40 pods by 16 clients for 24 volumes on three nodes, all alike: kube-scheduler breaks ties as it likes."""
        self.create_nodes(node('n2', cpu='40', memory='160Gi'), node('n3', cpu='40', memory='160Gi'), node('n4', cpu='40', memory='160Gi'))
        for number in range(24):
            self.create(volume('v%d' % number, 'n%d' % (2 + number % 3)))
        self.serve(CONFIG % 'reject')
        for number in range(40):
            self.create(claim('home-%d' % number))
        wait_until(lambda: self.podfit.stats()['watch']['persistentvolumeclaims']['events'] >= 40 or self.verdict(workspace('probe', 'home-39')) == 'fits',
                   'the claims in the model', PATIENCE)
        burst = Burst(self.api, [workspace('project-%d' % number, 'home-%d' % number) for number in range(40)], 16).start().join()
        self.assertEqual((burst.failed, len(burst.admitted), len(burst.refused)), ([], 24, 16))
        self.wait_bound(*self.api.list('Pod', SPACE))
        self.assertEqual(len(self.api.list('Pod', SPACE)), 24)
        self.refused(workspace('one-more', 'home-39' if 'project-39' not in {p['metadata']['name'] for p in self.api.list('Pod', SPACE)} else 'home-38'))

    def test_stateful_set_by_default(self):
        """onUnknown: annotate. All replicas are created at once; what podfit could not tell is said so."""
        self.volumes('n0', 3)
        self.volumes('n1', 3)
        self.serve(CONFIG % 'annotate')
        self.create(stateful_set(6))
        self.wait_replicas(6)
        self.assertLessEqual({p['metadata']['annotations']['podfit.io/verdict'] for p in self.api.list('Pod', SPACE)}, {'fits', 'unknown'})
        self.assertEqual(self.podfit.stats()['predictions']['wrong'], 0)

    def test_room_and_volume_on_the_same_node(self):
        """The only volume is on a node whose CPU is taken; when that comes free, the pod fits, and its claim is bound there."""
        self.volumes('n0', 1)
        self.serve(CONFIG % 'reject')
        filler = pod(SPACE, 'filler', {'cpu': '4'}, nodeSelector={'kubernetes.io/hostname': 'n0'})
        self.wait_bound(self.create(filler))
        self.claim('home')
        message = self.check_same_sentence(workspace('project', 'home'))
        self.assertIn("1 Insufficient cpu, 1 node(s) didn't find available persistent volumes to bind", message)
        self.api.delete('Pod', SPACE, 'filler')
        wait_until(lambda: self.verdict(workspace('probe', 'home')) == 'fits', 'room in the model', PATIENCE)
        made = self.create(workspace('project', 'home'))
        self.wait_bound(made)
        self.assertEqual(self.read(made)['spec']['nodeName'], 'n0')
        self.assertEqual(self.api.get('PersistentVolumeClaim', SPACE, 'home')['spec']['volumeName'], 'n0-0')

    def test_bound_claim(self):
        """Once the claim is bound its volume says where the pod may run."""
        self.volumes('n0', 1)
        self.serve(CONFIG % 'reject')
        self.claim('home')
        self.wait_bound(self.create(workspace('first', 'home')))
        elsewhere = workspace('second', 'home', nodeSelector={'kubernetes.io/hostname': 'n1'})
        wait_until(lambda: "didn't match PersistentVolume's node affinity" in self.verdict(elsewhere), lambda: 'the binding in the model: ' + self.verdict(elsewhere), PATIENCE)
        self.check_same_sentence(elsewhere)
        second = self.create(workspace('second', 'home'))
        self.wait_bound(second)
        self.assertEqual(self.read(second)['spec']['nodeName'], 'n0')

    def test_too_small(self):
        self.volumes('n0', 2)
        self.serve(CONFIG % 'reject')
        self.claim('large', size='56Gi')
        self.check_same_sentence(workspace('project', 'large'))

    def test_no_claim(self):
        """A claim that nobody has made yet may come: unknown."""
        self.serve(CONFIG % 'annotate')
        made = self.create(workspace('early', 'missing'))
        self.assertEqual(made['metadata']['annotations']['podfit.io/verdict'], 'unknown')
        self.assertIn('persistentvolumeclaim "missing" not found', self.wait_unschedulable(made))
        self.volumes('n1', 1)
        self.create(claim('missing'))
        self.wait_bound(made)
        self.assertIsNone(unschedulable(self.read(made)))


if __name__ == '__main__':
    scenario.main()
