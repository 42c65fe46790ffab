"""The configurations that the manifests install are accepted by podfit, and do to the example workloads what their README says."""
import json
import os
import re
import tempfile
import unittest

import yaml

import render

OVERLAYS = os.path.join(render.MANIFESTS, 'overlays')
CONFIGS = ['base/podfit.yaml', *('overlays/%s/podfit.yaml' % o for o in sorted(os.listdir(OVERLAYS)))]

# Options of the registration in a cluster; a podfit that cannot register itself yet has none of them, one that can has all.
REGISTRATION = {'--webhook-configuration', '--cert-secret', '--cert-lease', '--service'}


def podfit(*args):
    return render.run([render.BINARY, *args])


def documents(*path):
    with open(os.path.join(OVERLAYS, *path), encoding='utf-8') as f:
        return [d for d in yaml.safe_load_all(f) if d]


def replica(stateful_set, ordinal):
    """The pod that the StatefulSet controller makes."""
    template = stateful_set['spec']['template']
    meta = {**template['metadata'], 'namespace': stateful_set['metadata']['namespace'], 'name': '%s-%d' % (stateful_set['metadata']['name'], ordinal)}
    return {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': meta, 'spec': template['spec']}


def running(pod, node):
    """As podfit had it rewritten, bound and started."""
    container = {**pod['spec']['containers'][0], 'resources': {'requests': {'cpu': '500m', 'memory': '1Gi'}, 'limits': {'cpu': '2', 'memory': '2Gi'}}}
    return {**pod, 'spec': {**pod['spec'], 'nodeName': node, 'priority': -10, 'containers': [container]}, 'status': {'phase': 'Running'}}


def copy(pod, number):
    return {**pod, 'metadata': {**pod['metadata'], 'name': '%s-%d' % (pod['metadata']['name'], number)}}


def check(overlay, pods, present=()):
    """What podfit check says of these pods, one after another, in the overlay's example cluster with the pods that are there already."""
    folder = os.path.join(OVERLAYS, overlay)
    items = documents(overlay, 'example', 'cluster.yaml')[0]['items'] + list(present)
    with tempfile.TemporaryDirectory() as work:
        for name, objects in (('pods.json', pods), ('cluster.json', items)):
            with open(os.path.join(work, name), 'w', encoding='utf-8') as f:
                json.dump({'apiVersion': 'v1', 'kind': 'List', 'items': objects}, f)
        code, out, err = podfit('check', '-o', 'json', '--config', os.path.join(folder, 'podfit.yaml'), '--snapshot', os.path.join(work, 'cluster.json'),
                                '-f', os.path.join(work, 'pods.json'))
    if code not in (0, 1):
        raise AssertionError(err)
    return json.loads(out)['items']


def requests(item):
    return {c['name']: c['after']['requests'] for c in item['containers']}


class Configurations(unittest.TestCase):
    def test_podfit_accepts_them(self):
        self.assertEqual(len(CONFIGS), 4)
        for path in CONFIGS:
            with self.subTest(path):
                code, out, err = podfit('config', 'check', os.path.join(render.MANIFESTS, path))
                self.assertEqual((code, err), (0, ''), out)

    def test_the_rendered_ones_are_the_same(self):
        for path in CONFIGS:
            with self.subTest(path), open(os.path.join(render.MANIFESTS, path), encoding='utf-8') as f:
                rendered = render.one(render.kustomize(os.path.dirname(path)), 'ConfigMap')
                self.assertEqual(rendered['data'], {'podfit.yaml': f.read()})


    def test_the_chart_carries_one_that_podfit_accepts(self):
        code, objects, err = render.helm_template('--kube-version', '1.36.0')
        self.assertEqual(code, 0, err)
        with tempfile.NamedTemporaryFile('w', suffix='.yaml') as f:
            f.write(render.one(objects, 'ConfigMap')['data']['podfit.yaml'])
            f.flush()
            code, out, err = podfit('config', 'check', f.name)
        self.assertEqual((code, err), (0, ''), out)


class Options(unittest.TestCase):
    def test_podfit_has_every_option_of_the_manifests(self):
        offered = set(re.findall(r'--[a-z-]+', podfit('serve', '--help')[1]))
        self.assertIn('--config', offered)
        for name, objects in (('base', render.kustomize('base')), ('own-certificate', render.with_components('own-certificate'))):
            with self.subTest(name):
                self.assertLessEqual(set(render.flags(objects)) - REGISTRATION, offered)
        self.assertIn(REGISTRATION & offered, (set(), REGISTRATION))


class Cocalc(unittest.TestCase):
    def test_projects_until_the_nodes_are_full(self):
        pod = documents('cocalc', 'example', 'workload.yaml')[0]
        items = check('cocalc', [copy(pod, i) for i in range(125)])
        self.assertEqual(requests(items[0]), {'project': {'cpu': '50m', 'memory': '200Mi'}, 'sidecar': {'cpu': '5m', 'memory': '20Mi'}})
        self.assertEqual([i['verdict'] for i in items], ['fits'] * 120 + ['full'] * 5)
        self.assertEqual(items[120]['action'], 'reject')
        self.assertEqual(items[120]['message'], "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 2 Insufficient memory.")


class StatefulSetIde(unittest.TestCase):
    def test_the_replicas_that_fit_and_the_rest(self):
        stateful_set = [d for d in documents('statefulset-ide', 'example', 'workload.yaml') if d['kind'] == 'StatefulSet'][0]
        items = check('statefulset-ide', [replica(stateful_set, i) for i in range(30)])
        self.assertEqual([i['action'] for i in items], ['allow'] * 21 + ['reject'] * 9)
        self.assertEqual(len({i['message'] for i in items[21:]}), 1, 'equal causes, equal sentences: the Events aggregate')
        self.assertEqual(requests(items[0]), {'coditect-combined': {'cpu': '500m', 'memory': '512Mi'}})


class JupyterHub(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        objects = documents('jupyterhub', 'example', 'workload.yaml')
        cls.placeholders = [d for d in objects if d['kind'] == 'StatefulSet'][0]
        cls.user = [d for d in objects if d['kind'] == 'Pod'][0]

    def test_a_placeholder_stands_for_one_user(self):
        items = check('jupyterhub', [replica(self.placeholders, 0), self.user])
        self.assertEqual([i['verdict'] for i in items], ['fits', 'fits'])
        self.assertEqual(requests(items[0])['pause'], requests(items[1])['notebook'])

    def test_users_are_refused_and_placeholders_are_not(self):
        users = check('jupyterhub', [copy(self.user, i) for i in range(16)])
        self.assertEqual([i['action'] for i in users], ['allow'] * 14 + ['reject'] * 2)
        spare = check('jupyterhub', [replica(self.placeholders, i) for i in range(16)])
        self.assertEqual([i['action'] for i in spare], ['allow'] * 14 + ['annotate'] * 2)

    def test_a_placeholder_makes_way_for_a_user(self):
        """Bound placeholders fill the user nodes; each stands for one user, and a user's pod takes the place of one."""
        present = [running(replica(self.placeholders, i), 'user-pool-%d' % (i % 2)) for i in range(14)]
        items = check('jupyterhub', [self.user, replica(self.placeholders, 14)], present)
        self.assertEqual([(i['verdict'], i['action']) for i in items], [('fits', 'allow'), ('full', 'annotate')])


if __name__ == '__main__':
    render.main()
