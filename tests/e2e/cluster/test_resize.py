"""pods/resize: rewritten by the same rule and judged on the node where the pod runs."""
import scenario
from objects import bound, node, pod
from scenario import ApiError

CONFIG = '''apiVersion: config.podfit.io/v1
kind: PodfitConfiguration
classes:
- name: work
  match: {namespaces: [work]}
  cpuRequestToLimitPercent: 50
  onNever: reject
  onFull: reject
'''


class Resize(scenario.Scenario):
    namespaces = ('work',)
    config = CONFIG

    def setUp(self):
        super().setUp()
        self.create_nodes(node('n0', cpu='2', memory='2Gi'))
        self.serve()
        for name in ('small', 'other'):
            made = self.create(pod('work', name, None, {'cpu': '800m', 'memory': '64Mi'}))
            self.wait_bound(made)
        self.podfit.wait_until_sees(1)

    def resize(self, limit):
        change = {'spec': {'containers': [{'name': 'main', 'resources': {'limits': {'cpu': limit}}}]}}
        return self.api.patch('Pod', 'work', 'small', change, 'resize', 'application/strategic-merge-patch+json')

    def test_within_room(self):
        made = self.resize('3')
        self.assertEqual(made['spec']['containers'][0]['resources']['requests']['cpu'], '1500m')
        self.assertTrue(bound(made))

    def test_above_room(self):
        with self.assertRaises(ApiError) as caught:
            self.resize('3400m')
        self.assertIn('denied the request', caught.exception.message)
        self.assertIn("Node didn't have enough resource: cpu, requested: 1700, used: 400, capacity: 2000", caught.exception.message)

    def test_above_the_node(self):
        with self.assertRaises(ApiError) as caught:
            self.resize('10')
        self.assertEqual(caught.exception.status, 403)


if __name__ == '__main__':
    scenario.main()
