"""CoCalc projects: bare pods on dedicated, tainted nodes, until each of the three limits of a node is reached."""

import scenario
from objects import node, project, project_node


class CoCalc(scenario.Scenario):
    namespaces = ('cocalc',)

    def fill(self, expected, **how):
        """Creates projects until one is refused; returns the message. All that were admitted have to be bound, and there are `expected` of them."""
        admitted = []
        for number in range(expected):
            admitted.append(self.create(project('project-%d' % number, **how)))
        message = self.refused(project('project-%d' % expected, **how))
        self.wait_bound(*admitted)
        return message

    def test_until_memory_is_full(self):
        self.create_nodes(project_node('p0', memory='1000Mi'), project_node('p1', memory='600Mi'), node('services'))
        self.serve()
        message = self.fill(8)  # 200 Mi each: 5 + 3
        self.assertIn('0/3 nodes are available', message)
        self.assertIn('2 Insufficient memory', message)
        self.assertIn('memory is what binds', message)

    def test_until_pod_slots_are_full(self):
        self.create_nodes(project_node('p0', pods=4), project_node('p1', pods=3), node('services'))
        self.serve()
        message = self.fill(7)
        self.assertIn('2 Too many pods', message)
        self.assertIn('pods is what binds', message)

    def test_until_cpu_is_full(self):
        self.create_nodes(project_node('p0', cpu='300m'), project_node('p1', cpu='100m'))
        self.serve()
        message = self.fill(8, cpu='1')  # 50 m each: 6 + 2
        self.assertIn('0/2 nodes are available: 2 Insufficient cpu', message)

    def test_rewritten(self):
        self.create_nodes(project_node('p0'))
        self.serve()
        made = self.create(project('project-1'))
        resources = made['spec']['containers'][0]['resources']
        self.assertEqual(resources, {'limits': {'cpu': '1', 'memory': '2000Mi'}, 'requests': {'cpu': '50m', 'memory': '200Mi'}})
        self.assertEqual(made['spec']['nodeSelector'], {'cocalc-role': 'projects'})
        self.assertIn({'key': 'cocalc-projects', 'operator': 'Equal', 'value': 'true', 'effect': 'NoSchedule'}, made['spec']['tolerations'])
        self.assertEqual(made['metadata']['annotations']['podfit.io/verdict'], 'fits')
        self.wait_bound(made)

    def test_wrong_selector(self):
        self.create_nodes(project_node('p0'), node('services'))
        self.serve()
        message = self.refused(project('project-1', nodeSelector={'disk': 'nvme'}))
        self.assertIn("2 node(s) didn't match Pod's node affinity/selector", message)
        self.assertIn('No node of this cluster could take it even if empty.', message)

    def test_without_toleration(self):
        """The pool is only named, not injected: the pod has to bring the toleration itself."""
        self.create_nodes(project_node('p0'))
        self.serve(scenario.example_config().replace('inject: true', 'inject: false', 1))
        message = self.refused(project('project-1', nodeSelector={'cocalc-role': 'projects'}))
        self.assertIn('1 node(s) had untolerated taint', message)
        toleration = {'key': 'cocalc-projects', 'operator': 'Exists', 'effect': 'NoSchedule'}
        self.wait_bound(self.create(project('project-1', nodeSelector={'cocalc-role': 'projects'}, tolerations=[toleration])))

    def test_other_pods_are_untouched(self):
        self.create_nodes(node('services'))
        self.serve()
        other = project('project-1')
        other['metadata']['labels'] = {'run': 'something-else'}
        made = self.create(other)
        self.assertNotIn('annotations', made['metadata'])
        self.wait_bound(made)


if __name__ == '__main__':
    scenario.main()
