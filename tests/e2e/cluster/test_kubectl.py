"""What somebody at a terminal sees: kubectl create, apply, server-side apply, dry runs, a refusal."""
import json

import scenario
from objects import node, project, project_node


class Kubectl(scenario.Scenario):
    namespaces = ('cocalc',)

    def setUp(self):
        super().setUp()
        self.create_nodes(project_node('p0', pods=1), node('services'))
        self.serve()

    def create_file(self, obj, *options, check=True):
        return self.plane.kubectl('create', '-f', '-', *options, data=json.dumps(obj), check=check)

    def requests(self, text):
        return json.loads(text)['spec']['containers'][0]['resources']['requests']

    def test_refusal(self):
        self.create_file(project('first'))
        status, _, errors = self.create_file(project('second'), check=False)
        self.assertEqual(status, 1)
        self.assertEqual(errors, 'Error from server (Forbidden): error when creating "STDIN": admission webhook "projects.podfit.io" denied the request: '
                         "0/2 nodes are available: 1 Too many pods, 1 node(s) didn't match Pod's node affinity/selector. The pod requests cpu 50m, "
                         "memory 200Mi (cpu 1, memory 2000Mi before class 'projects' rewrote it); pods is what binds.\n")

    def test_rewriting_is_seen(self):
        out = self.create_file(project('project-1'), '-o', 'json')[1]
        self.assertEqual(self.requests(out), {'cpu': '50m', 'memory': '200Mi'})
        described = self.plane.kubectl('describe', 'pod', '-n', 'cocalc', 'project-1')[1]
        for text in ('podfit.io/class: projects', 'podfit.io/verdict: fits', 'cocalc-projects=true:NoSchedule'):
            self.assertIn(text, described)

    def test_dry_run_holds_nothing(self):
        for number in range(3):
            out = self.create_file(project('dry-%d' % number), '--dry-run=server', '-o', 'json')[1]
            self.assertEqual(self.requests(out), {'cpu': '50m', 'memory': '200Mi'})
        self.create_file(project('real'))
        status, _, errors = self.create_file(project('late'), '--dry-run=server', check=False)
        self.assertEqual((status, '1 Too many pods' in errors), (1, True), errors)

    def test_server_side_apply(self):
        def apply(obj):
            return self.plane.kubectl('apply', '--server-side', '--field-manager=operator', '-f', '-', '-o', 'json', data=json.dumps(obj))[1]
        self.assertEqual(self.requests(apply(project('project-1'))), {'cpu': '50m', 'memory': '200Mi'})
        # again, unchanged: podfit owns the requests, so that the operator's manifest does not fight over them
        again = json.loads(apply(project('project-1')))
        self.assertEqual(self.requests(json.dumps(again)), {'cpu': '50m', 'memory': '200Mi'})
        self.assertEqual(again['metadata']['annotations']['podfit.io/class'], 'projects')

    def test_client_side_apply(self):
        data = json.dumps(project('project-1'))
        self.plane.kubectl('apply', '-f', '-', data=data)
        self.assertIn('unchanged', self.plane.kubectl('apply', '-f', '-', data=data)[1])

    def test_generate_name(self):
        out = json.loads(self.create_file(project('project-'), '-o', 'json')[1])
        self.assertRegex(out['metadata']['name'], '^project-[a-z0-9]{5}$')
        status, _, errors = self.create_file(project('project-'), check=False)
        self.assertEqual((status, '1 Too many pods' in errors), (1, True), errors)


if __name__ == '__main__':
    scenario.main()
