"""JupyterHub: placeholder pods of low priority keep nodes warm; a user's server preempts one, and podfit knows that it will."""
import scenario
from kubelet import Kubelet
from objects import node, pod
from scenario import PATIENCE, wait_until

CONFIG = '''apiVersion: config.podfit.io/v1
kind: PodfitConfiguration
classes:
- name: jupyterhub
  match:
    namespaces: [jhub]
  memoryRequestToLimitPercent: 50
  cpuRequestToLimitPercent: 25
  requests: raise
  pool:
    taint: hub.jupyter.org/dedicated=user:NoSchedule
    inject: true
  onNever: reject
  onFull: reject
'''
ROOM = 8


class JupyterHub(scenario.Scenario):
    namespaces = ('jhub',)
    config = CONFIG

    def setUp(self):
        super().setUp()
        kubelet = Kubelet(self.api)
        kubelet.__enter__()
        self.addCleanup(kubelet.__exit__)
        taint = 'hub.jupyter.org/dedicated=user:NoSchedule'
        self.create_nodes(node('u0', cpu='8', memory='4Gi', taints=[taint]), node('u1', cpu='8', memory='4Gi', taints=[taint]), node('core', memory='512Mi'))
        for name, value in (('jhub-user', 0), ('jhub-placeholder', -10)):
            self.api.create({'apiVersion': 'scheduling.k8s.io/v1', 'kind': 'PriorityClass', 'metadata': {'name': name}, 'value': value})
        self.serve()

    def server(self, name, component='singleuser-server', priority='jhub-user'):
        body = pod('jhub', name, None, {'cpu': '2', 'memory': '2Gi'}, {'component': component}, priorityClassName=priority)
        body['metadata']['labels']['app'] = 'jupyterhub'
        return body

    def place_holders(self, number):
        template = {key: value for key, value in self.server('unused', 'user-placeholder', 'jhub-placeholder').items() if key in ('metadata', 'spec')}
        template['metadata'] = {'labels': {'component': 'user-placeholder'}}
        template['spec']['terminationGracePeriodSeconds'] = 0
        self.create({'apiVersion': 'apps/v1', 'kind': 'StatefulSet', 'metadata': {'name': 'user-placeholder', 'namespace': 'jhub'},
                     'spec': {'replicas': number, 'podManagementPolicy': 'Parallel', 'serviceName': 'x',
                              'selector': {'matchLabels': {'component': 'user-placeholder'}}, 'template': template}})

    def pods(self, component):
        return [p for p in self.api.list('Pod', 'jhub', labelSelector='component=' + component) if p['spec'].get('nodeName') and not p['metadata'].get('deletionTimestamp')]

    def test_placeholders_make_way(self):
        self.place_holders(ROOM)
        wait_until(lambda: len(self.pods('user-placeholder')) == ROOM, 'placeholders everywhere', PATIENCE)
        self.podfit.wait_until_sees(3)
        servers = []
        for number in range(ROOM):
            made = self.create(self.server('jupyter-%d' % number))
            self.assertEqual(made['metadata']['annotations']['podfit.io/verdict'], 'fits')
            self.wait_bound(made)
            servers.append(made)
        self.assertIn('0/3 nodes are available: 3 Insufficient memory', self.refused(self.server('jupyter-last')))
        self.assertEqual(self.pods('user-placeholder'), [])
        self.assertEqual(len(self.pods('singleuser-server')), ROOM)

    def test_placeholders_give_up(self):
        """Placeholders never push anybody out: what does not fit of them is refused."""
        for number in range(ROOM - 2):
            self.wait_bound(self.create(self.server('jupyter-%d' % number)))
        self.place_holders(5)
        wait_until(lambda: len(self.pods('user-placeholder')) == 2, 'two placeholders', PATIENCE)
        events = wait_until(lambda: self.events('jhub', 'FailedCreate'), 'an Event', PATIENCE)
        self.assertIn('denied the request: 0/3 nodes are available', events[0]['message'])
        self.assertEqual(len(self.pods('singleuser-server')), ROOM - 2)


if __name__ == '__main__':
    scenario.main()
