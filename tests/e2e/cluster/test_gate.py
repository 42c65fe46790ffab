"""`onFull: gate` with the rights of manifests/base and manifests/components/gate and nothing else."""
import os

import manifests
import scenario
from kubelet import Kubelet
from load import Burst
from objects import bound, node, pod
from scenario import PATIENCE, wait_until

CONFIG = '''apiVersion: config.podfit.io/v1
kind: PodfitConfiguration
classes:
- name: ide
  match: {namespaces: [coditect-app]}
  requests: keep
  onNever: annotate
  onFull: gate
'''
RIGHTS = ('Namespace', 'ServiceAccount', 'Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding')
GATE = os.path.join(manifests.FOLDER, 'components', 'gate', 'rbac.yaml')


def gated(obj):
    return bool(obj['spec'].get('schedulingGates'))


def workspace(name, memory='1Gi'):
    return pod('coditect-app', name, {'cpu': '10m', 'memory': memory}, labels={'app': 'ide'})


class Gate(scenario.Scenario):
    namespaces = ('coditect-app',)
    config = CONFIG

    def setUp(self):
        super().setUp()
        kubelet = Kubelet(self.api)
        kubelet.__enter__()
        self.addCleanup(kubelet.__exit__)
        rights = [obj for obj in manifests.render(self.plane, 'base') if obj['kind'] in RIGHTS]
        manifests.apply(self.plane, rights)
        self.addCleanup(manifests.delete, self.plane, [obj for obj in rights if obj['kind'] in ('ClusterRole', 'ClusterRoleBinding')])
        self.plane.kubectl('apply', '-f', GATE)
        self.addCleanup(self.plane.kubectl, 'delete', '-f', GATE)
        self.create_nodes(node('n0', memory='4Gi'))
        self.serve(kubeconfig=manifests.service_account_kubeconfig(self.plane))

    def pods(self):
        return {obj['metadata']['name']: obj for obj in self.api.list('Pod', 'coditect-app')}

    def bound_names(self):
        return {name for name, obj in self.pods().items() if bound(obj)}

    def wait_bound_names(self, names):
        wait_until(lambda: self.bound_names() == set(names), lambda: '%s bound, not %s; gates: %s' % (
            sorted(names), sorted(self.bound_names()), self.podfit.stats()['gates']), PATIENCE)

    def wait_waiting(self, number):
        wait_until(lambda: self.podfit.stats()['gates']['waiting'] == number, lambda: '%d waiting pods: %s' % (number, self.podfit.stats()['gates']), PATIENCE)

    def line_up(self, *names, **how):
        """Creates them in this order. Creation times are whole seconds: names decide between pods of one second."""
        for name in names:
            self.assertTrue(gated(self.create(workspace(name, **how))), name)

    def fill(self):
        names = ['early-%d' % number for number in range(4)]
        self.wait_bound(*[self.create(workspace(name)) for name in names])
        return names

    def test_first_come_first_served(self):
        """Room comes back pod by pod, then all at once with a new node."""
        running = self.fill()
        queue = ['queue-%02d' % number for number in range(10)]
        self.line_up(*queue)
        self.wait_waiting(10)
        for _ in range(3):
            self.api.delete('Pod', 'coditect-app', running.pop(0))
            running.append(queue.pop(0))
            self.wait_bound_names(running)
        self.api.delete('Pod', 'coditect-app', queue.pop(0))  # its user has given up
        self.create_nodes(node('n1', memory='16Gi'))
        self.wait_bound_names(running + queue)
        for name in queue:
            self.assertEqual(self.pods()[name]['metadata']['annotations']['podfit.io/verdict'], 'fits')
        # an attempt may fail: on the pod that is deleted while its turn comes
        wait_until(lambda: (self.podfit.stats()['gates']['waiting'], self.podfit.stats()['gates']['removed']) == (0, 9),
                   lambda: 'nine gates removed: %s' % self.podfit.stats()['gates'], PATIENCE)
        self.assertLessEqual(self.podfit.stats()['gates']['failed'], 1)

    def test_a_large_one_has_its_turn(self):
        """Who stands behind it waits, although there would be room."""
        running = self.fill()
        self.line_up('a-large', memory='2Gi')
        self.line_up('b-small')
        self.wait_waiting(2)
        self.api.delete('Pod', 'coditect-app', running.pop())
        wait_until(lambda: self.podfit.stats()['model']['podsBound'] == 3, 'the deletion in the model', PATIENCE)
        self.api.delete('Pod', 'coditect-app', running.pop())
        self.wait_bound_names(running + ['a-large'])
        self.assertTrue(gated(self.pods()['b-small']))
        self.api.delete('Pod', 'coditect-app', running.pop())
        self.wait_bound_names(running + ['a-large', 'b-small'])

    def test_without_the_rights(self):
        """base alone: the gates stay, the log says once what to grant, and once it is granted they go."""
        self.plane.kubectl('delete', '-f', GATE)
        running = self.fill()
        self.line_up('waits-a', 'waits-b')
        self.wait_waiting(2)
        self.api.delete('Pod', 'coditect-app', running.pop())
        wait_until(lambda: self.podfit.stats()['gates']['failed'] >= 3, 'attempts that are refused', PATIENCE)
        self.assertEqual(self.podfit.process.tail(100000).count("grant 'get' and 'patch' on pods"), 1)
        self.plane.kubectl('apply', '-f', GATE)
        self.wait_bound_names(running + ['waits-a'])

    def test_a_burst_behind_gates(self):
        """Nobody is refused, nobody is Pending in kube-scheduler's queue without room, and all that fit are bound."""
        burst = Burst(self.api, [workspace('burst-%d' % number, memory='256Mi') for number in range(80)], 16).start().join()
        self.assertEqual((burst.failed, burst.refused, len(burst.admitted)), ([], [], 80))
        wait_until(lambda: len(self.bound_names()) == 16, lambda: '16 bound pods, not %d' % len(self.bound_names()), PATIENCE)
        self.assertEqual(sum(map(gated, self.pods().values())), 64)
        self.create_nodes(node('n1', memory='16Gi'))
        wait_until(lambda: len(self.bound_names()) == 80, lambda: 'all bound: %s' % self.podfit.stats()['gates'], PATIENCE)


if __name__ == '__main__':
    scenario.main()
