"""A cloud IDE: a StatefulSet with podManagementPolicy Parallel, whose replicas are refused when the nodes are full."""
import scenario
from kubelet import Kubelet
from objects import bound, node
from scenario import PATIENCE, wait_until

CONFIG = '''apiVersion: config.podfit.io/v1
kind: PodfitConfiguration
classes:
- name: ide
  match: {namespaces: [coditect-app]}
  requests: keep
  onNever: reject
  onFull: reject
'''


def stateful_set(replicas):
    resources = {'requests': {'cpu': '500m', 'memory': '512Mi'}, 'limits': {'cpu': '2', 'memory': '2Gi'}}
    template = {'metadata': {'labels': {'app': 'ide'}}, 'spec': {'containers': [{'name': 'ide', 'image': 'example.org/ide:1', 'resources': resources}]}}
    return {'apiVersion': 'apps/v1', 'kind': 'StatefulSet', 'metadata': {'name': 'coditect', 'namespace': 'coditect-app'},
            'spec': {'replicas': replicas, 'serviceName': 'ide', 'podManagementPolicy': 'Parallel', 'selector': {'matchLabels': {'app': 'ide'}}, 'template': template}}


class StatefulSet(scenario.Scenario):
    namespaces = ('coditect-app',)
    config = CONFIG

    def setUp(self):
        super().setUp()
        self.create_nodes(node('n0', cpu='4', memory='16Gi'), node('n1', cpu='4', memory='16Gi'))  # 8 replicas each
        self.serve()

    def replicas(self, number):
        self.api.patch('StatefulSet', 'coditect-app', 'coditect', {'spec': {'replicas': number}})

    def bound_replicas(self):
        return sum(map(bound, self.api.list('Pod', 'coditect-app')))

    def wait_replicas(self, number):
        self.wait_for_controller(lambda: self.bound_replicas() == number, lambda: '%d bound replicas, not %d' % (number, self.bound_replicas()), 'coditect-app')

    def test_too_many_replicas(self):
        self.create(stateful_set(3))
        self.wait_replicas(3)
        self.replicas(30)
        self.wait_replicas(16)
        failed = wait_until(lambda: self.events('coditect-app', 'FailedCreate'), 'an Event', PATIENCE)
        sentences = {e['message'].split(' in StatefulSet ', 1)[1] for e in failed}  # before it the controller names the replica
        self.assertEqual(sentences, {'coditect failed error: admission webhook "projects.podfit.io" denied the request: 0/2 nodes are available: '
                                     '2 Insufficient cpu. The pod requests cpu 500m, memory 512Mi; cpu is what binds.'})
        self.assertEqual(len(self.api.list('Pod', 'coditect-app')), 16, 'no replica is Pending')
        # the controller asks again and again: one Event that counts
        wait_until(lambda: [e for e in self.events('coditect-app', 'FailedCreate') if e.get('count', 1) >= 3], 'an aggregated Event', PATIENCE)

    def test_new_node(self):
        """The controller goes on where it was refused, as far as the new room goes."""
        self.create(stateful_set(30))
        self.wait_replicas(16)
        self.create_nodes(node('n2', cpu='4', memory='16Gi'))
        self.wait_replicas(24)
        self.podfit.wait_until_sees(3)
        self.assertEqual(len(self.api.list('Pod', 'coditect-app')), 24, 'no replica is Pending')

    def autoscale(self, least, most):
        self.api.apply({'apiVersion': 'autoscaling/v2', 'kind': 'HorizontalPodAutoscaler', 'metadata': {'name': 'coditect', 'namespace': 'coditect-app'},
                        'spec': {'scaleTargetRef': {'apiVersion': 'apps/v1', 'kind': 'StatefulSet', 'name': 'coditect'}, 'minReplicas': least, 'maxReplicas': most}})

    def test_horizontal_pod_autoscaler(self):
        """The real controller changes the scale; without metrics it does so for minReplicas and maxReplicas."""
        self.create(stateful_set(3))
        self.wait_replicas(3)
        self.autoscale(10, 30)
        self.wait_replicas(10)
        self.assertEqual(self.events('coditect-app', 'FailedCreate'), [])
        self.autoscale(20, 30)
        self.wait_replicas(16)
        wait_until(lambda: self.events('coditect-app', 'FailedCreate'), 'an Event', PATIENCE)
        self.assertEqual(self.api.get('StatefulSet', 'coditect-app', 'coditect')['spec']['replicas'], 20)
        self.assertEqual(len(self.api.list('Pod', 'coditect-app')), 16, 'no replica is Pending')
        kubelet = Kubelet(self.api)
        kubelet.__enter__()
        self.addCleanup(kubelet.__exit__)
        self.autoscale(3, 5)
        self.wait_replicas(5)

    def test_scaled_within_room(self):
        self.create(stateful_set(16))
        self.wait_replicas(16)
        self.assertEqual(self.events('coditect-app', 'FailedCreate'), [])


if __name__ == '__main__':
    scenario.main()
