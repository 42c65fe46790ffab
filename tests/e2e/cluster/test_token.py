"""podfit's own credential changes under two replicas: the kubelet rotates a pod's token, and the old one stops to count."""
import json

import manifests
import scenario
from api import Api
from load import Stream
from objects import bound, project_node
from plane import kubeconfig, write
from proxy import Proxy
from scenario import PATIENCE, SYSTEM, wait_until
from webhook import Podfit

RIGHTS = ('Namespace', 'ServiceAccount', 'Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding')
ROTATIONS = 2


class Token(scenario.Scenario):
    """A token that is bound to a Secret is void once the Secret is gone."""
    namespaces = ('cocalc',)

    def setUp(self):
        super().setUp()
        rights = [obj for obj in manifests.render(self.plane, 'base') if obj['kind'] in RIGHTS]
        manifests.apply(self.plane, rights)
        self.addCleanup(manifests.delete, self.plane, [obj for obj in rights if obj['kind'] in ('ClusterRole', 'ClusterRoleBinding')])
        self.create_nodes(project_node('p0', cpu='64', memory='256Gi', pods=10000))
        self.token_file = self.plane.path('rotated.token')
        self.addCleanup(self.api.delete_all, 'Secret', SYSTEM, 'e2e.podfit.io/token=bound')

    def issue(self, number):
        """A new token, in the file that podfit reads. (Name of the Secret that it lives with, token)"""
        name = 'token-%d' % number
        made = self.api.create({'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': name, 'namespace': SYSTEM, 'labels': {'e2e.podfit.io/token': 'bound'}}})
        request = {'apiVersion': 'authentication.k8s.io/v1', 'kind': 'TokenRequest', 'spec': {'boundObjectRef': {
            'apiVersion': 'v1', 'kind': 'Secret', 'name': name, 'uid': made['metadata']['uid']}}}
        answer = self.api.request('POST', '/api/v1/namespaces/%s/serviceaccounts/podfit/token' % SYSTEM, request)
        write(self.token_file, answer['status']['token'])
        return name, answer['status']['token']

    def revoke(self, name, token):
        """The API server remembers for ten seconds that a token was good."""
        self.api.delete('Secret', SYSTEM, name)
        holder = Api(self.plane.port, self.plane.ca_file, token)
        wait_until(lambda: holder.raw('GET', '/api/v1/nodes?limit=1')[0] == 401, 'the end of the old token', PATIENCE, 0.2)
        holder.close()

    def kubeconfig(self):
        """With the token in a file, and through a proxy that can end connections."""
        proxy = Proxy(self.plane.port)
        proxy.__enter__()
        self.addCleanup(proxy.__exit__)
        config = json.loads(kubeconfig('https://127.0.0.1:%d' % proxy.port, self.plane.ca_file, ''))
        config['users'][0]['user'] = {'tokenFile': self.token_file}
        write(self.plane.path('rotated.kubeconfig'), json.dumps(config))
        self.proxy = proxy
        return self.plane.path('rotated.kubeconfig')

    def reopen_watches(self):
        """What a watch that is open is not asked for: the credential. The API server ends them, as it does every few minutes."""
        before = [{name: kind['failures'] for name, kind in self.kinds(r).items()} for r in self.replicas]
        self.proxy.cut()
        for replica, failures in zip(self.replicas, before):
            wait_until(lambda r=replica, f=failures: all(kind['open'] and kind['failures'] > f[name] for name, kind in self.kinds(r).items()),
                       lambda r=replica: 'watches opened anew: %s' % self.kinds(r), PATIENCE)

    @staticmethod
    def kinds(replica):
        return {name: kind for name, kind in replica.stats()['watch'].items() if not kind['absent']}

    def serve_twice(self):
        """Each replica is asked about each creation, so that a failure of either is one of the creation."""
        path = self.kubeconfig()
        first = self.serve(kubeconfig=path)
        second = Podfit(self.plane, scenario.example_config(), path, name='second')
        self.addCleanup(second.remove)
        self.addCleanup(second.stop)
        second.start().register(self.namespaces, failure_policy=self.failure_policy, name='second')
        self.replicas = [first, second]

    def test_rotation(self):
        present = self.issue(0)
        self.serve_twice()
        stream = Stream(self.api)
        self.addCleanup(stream.end)
        for number in range(1, ROTATIONS + 1):
            old, present = present, self.issue(number)
            self.revoke(*old)
            self.reopen_watches()
        stream.end()
        self.assertEqual(stream.failures, [])
        self.assertGreater(stream.created, 20)
        wait_until(lambda: all(map(bound, self.api.list('Pod', 'cocalc'))), 'the binding of all', PATIENCE)
        for replica in self.replicas:
            replica.wait_until_sees(1)
            self.assertEqual({kind['denied'] for kind in replica.stats()['watch'].values()}, {False})


if __name__ == '__main__':
    scenario.main()
