"""The model follows the nodes: cordoned, tainted, deleted, added; a controller that was refused goes on when a node comes."""
import scenario
from kubelet import Kubelet
from objects import bound, node, project, project_node, taint
from scenario import PATIENCE, ApiError, wait_until
from test_statefulset import CONFIG, stateful_set


class Nodes(scenario.Scenario):
    namespaces = ('cocalc',)

    def setUp(self):
        super().setUp()
        self.create_nodes(project_node('p0'))
        self.serve()

    def answer(self):
        """What podfit says of a project now: its sentence, or '' for yes."""
        try:
            self.api.create(project('question'), dry_run=True)
            return ''
        except ApiError as error:
            return error.message

    def wait_answer(self, part):
        wait_until(lambda: (part in self.answer()) if part else not self.answer(), lambda: "'%s' in the answer '%s'" % (part, self.answer()), PATIENCE)

    def change(self, spec):
        self.api.patch('Node', None, 'p0', {'spec': spec})

    def test_cordoned(self):
        self.wait_answer('')
        self.change({'unschedulable': True})
        self.wait_answer('0/1 nodes are available: 1 node(s) were unschedulable')
        self.change({'unschedulable': None})
        self.wait_answer('')
        self.wait_bound(self.create(project('project-1')))

    def test_tainted(self):
        self.change({'taints': [taint('cocalc-projects=true:NoSchedule'), taint('maintenance:NoSchedule')]})
        self.wait_answer('0/1 nodes are available: 1 node(s) had untolerated taint')
        self.change({'taints': [taint('cocalc-projects=true:NoSchedule')]})
        self.wait_answer('')

    def test_deleted_and_added(self):
        self.api.delete('Node', None, 'p0')
        self.wait_answer('denied the request: no nodes available to schedule pods. The pod requests cpu ')
        self.create_nodes(project_node('p1', pods=1))
        self.wait_answer('')
        made = self.create(project('project-1'))
        self.wait_bound(made)
        self.wait_answer('1 Too many pods')
        self.api.delete('Pod', 'cocalc', 'project-1')
        self.wait_answer('')


class Growing(scenario.Scenario):
    namespaces = ('coditect-app',)
    config = CONFIG

    def test_a_new_node_lets_the_controller_go_on(self):
        self.create_nodes(node('n0', cpu='4', memory='16Gi'))
        self.serve()
        kubelet = Kubelet(self.api)
        kubelet.__enter__()
        self.addCleanup(kubelet.__exit__)
        self.create(stateful_set(12))

        def replicas():
            return sum(map(bound, self.api.list('Pod', 'coditect-app')))
        wait_until(lambda: replicas() == 8 and self.events('coditect-app', 'FailedCreate'), 'eight replicas and an Event', PATIENCE)
        self.create_nodes(node('n1', cpu='4', memory='16Gi'))
        wait_until(lambda: replicas() == 12, lambda: 'twelve replicas, not %d' % replicas(), 2 * PATIENCE)


if __name__ == '__main__':
    scenario.main()
