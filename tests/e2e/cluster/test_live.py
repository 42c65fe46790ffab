"""What following a cluster gives beside verdicts: gates that are removed, predictions that are counted, commands that look at it."""
import collections
import json
import os
import re
import subprocess
import tempfile

import scenario
from load import Burst
from objects import bound, node, pod, unschedulable
from plane import wait_until
from webhook import BINARY

CONFIG = '''apiVersion: config.podfit.io/v1
kind: PodfitConfiguration
classes:
- name: projects
  match: {namespaces: [cocalc]}
  requests: keep
  onNever: annotate
  onFull: %s
  observe: %s
'''


def gated(obj):
    return bool(obj['spec'].get('schedulingGates'))


class Live(scenario.Scenario):
    namespaces = ('cocalc',)

    def project(self, name, memory='1Gi'):
        return self.create(pod('cocalc', name, {'memory': memory}))

    def predictions(self):
        return self.podfit.stats()['predictions']

    def wait_counted(self, **wanted):
        wait_until(lambda: {key: self.predictions()[key] for key in wanted} == wanted, lambda: 'predictions %s: %s' % (wanted, self.predictions()), scenario.PATIENCE)

    def run_podfit(self, *args):
        done = subprocess.run([BINARY] + list(args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr.decode()), (0, ''), args)
        return done.stdout.decode()

    def test_gates_are_removed_first_come_first_served(self):
        self.create_nodes(node('n0', memory='2Gi'))
        self.serve(CONFIG % ('gate', 'false'))
        fits = [self.project('fits-%d' % number) for number in range(2)]
        self.wait_bound(*fits)
        first = self.project('waits-a')
        self.assertTrue(gated(first))
        wait_until(lambda: self.podfit.stats()['gates']['waiting'] == 1, 'the first gated pod in the model', scenario.PATIENCE)
        # creation times are whole seconds: names decide between pods of one second
        second = self.project('waits-b')
        self.assertTrue(gated(second))
        self.api.delete('Pod', 'cocalc', 'fits-0')
        self.wait_bound(first)
        self.assertEqual(self.read(first)['metadata']['annotations']['podfit.io/verdict'], 'fits')
        self.assertNotIn('podfit.io/reason', self.read(first)['metadata']['annotations'])
        self.assertTrue(gated(self.read(second)))
        self.create_nodes(node('n1', memory='1Gi'))
        self.wait_bound(second)
        wait_until(lambda: self.podfit.stats()['gates']['removed'] == 2, 'the count of removed gates', scenario.PATIENCE)

    def test_predictions(self):
        self.create_nodes(node('n0', memory='2Gi'))
        self.serve(CONFIG % ('annotate', 'false'))
        self.wait_bound(self.project('a'), self.project('b'))
        self.wait_unschedulable(self.project('c'))
        self.wait_unschedulable(self.project('d', memory='64Gi'))
        self.wait_counted(right=4, wrong=0, early=0)
        self.podfit.stop()
        self.podfit.start()  # what it had said stands in the pods
        self.wait_counted(right=4, wrong=0, early=0)
        self.assertIn('podfit_pod_bind_seconds_count 2', self.podfit.ops('/metrics')[1])

    def test_observed_classes_are_counted_alike(self):
        self.create_nodes(node('n0', memory='2Gi'))
        self.serve(CONFIG % ('reject', 'true'))
        made = [self.project('web-') for _ in range(3)]  # one right after the other: nothing of them is seen yet
        self.assertFalse([obj for obj in made if 'annotations' in obj['metadata']])
        self.wait_bound(*made[:2])
        self.wait_unschedulable(made[2])
        self.wait_counted(right=3, wrong=0, early=0)

    def test_observed_until_full(self):
        """The numbers before anything is enforced: as many right ones as pods were created, on nodes that fill up."""
        self.create_nodes(*(node('n%d' % number, memory='8Gi', pods=8) for number in range(3)))
        self.serve(CONFIG % ('reject', 'true'))
        for number in range(30):
            made = self.project('web-%d' % number)
            outcome = wait_until(lambda m=made: self.decided(m), "kube-scheduler's word", scenario.PATIENCE)
            self.assertEqual(outcome, 'bound' if number < 24 else 'unschedulable')
            wait_until(lambda n=number: self.podfit.stats()['predictions']['right'] == n + 1, lambda: 'one more that was right: %s' % self.predictions(), scenario.PATIENCE)
        self.wait_counted(right=30, wrong=0, early=0)
        self.assertEqual(self.podfit.stats()['reviews']['observed'], self.podfit.stats()['reviews']['covered'])
        self.assertEqual(self.predictions()['outcomes']['full']['unschedulable'], 6)

    def said(self, family):
        """Reviews by verdict."""
        found = re.findall(r'^%s\{class="projects",verdict="(\w+)",action="\w+"\} (\d+)$' % family, self.podfit.ops('/metrics')[1], re.MULTILINE)
        return collections.Counter({verdict: int(number) for verdict, number in found})

    def check_burst(self, config, family):
        """All pods come to be: room for 24 of them is promised once, whoever gets it."""
        self.create_nodes(*(node('n%d' % number, memory='8Gi', pods=8) for number in range(3)))
        self.serve(config)
        before = self.said(family)
        burst = Burst(self.api, [pod('cocalc', 'web-%d' % number, {'memory': '1Gi'}) for number in range(40)], 16).start().join()
        self.assertEqual((burst.failed, len(burst.admitted)), ([], 40))
        self.assertEqual(self.said(family) - before, {'fits': 24, 'full': 16})
        wait_until(lambda: collections.Counter(self.decided(made) for made in self.api.list('Pod', 'cocalc')) == {'bound': 24, 'unschedulable': 16},
                   "kube-scheduler's word on all", scenario.PATIENCE, 0.1)
        wait_until(lambda: self.podfit.stats()['model']['reservations'] == 0, 'the pods in the model', scenario.PATIENCE)
        self.podfit.wait_until_sees(3)

    def test_observed_burst(self):
        self.check_burst(CONFIG % ('reject', 'true'), 'podfit_reviews_observed_total')

    def test_annotated_burst(self):
        self.check_burst(CONFIG % ('annotate', 'false'), 'podfit_reviews_total')

    def decided(self, made):
        present = self.read(made)
        return 'bound' if bound(present) else 'unschedulable' if unschedulable(present) else None

    def test_commands(self):
        self.create_nodes(node('n0', memory='2Gi'), node('n1'))
        cluster = ['--kubeconfig', self.plane.admin_kubeconfig]
        rows = json.loads(self.run_podfit('nodes', '-o', 'json', *cluster))['items']
        self.assertEqual([row['name'] for row in rows], ['n0', 'n1'])
        with tempfile.TemporaryDirectory() as folder:
            path, manifest = os.path.join(folder, 'cluster.json'), os.path.join(folder, 'pod.json')
            with open(manifest, 'w', encoding='utf8') as file:
                json.dump(pod('cocalc', 'x', {'memory': '4Gi'}), file)
            self.run_podfit('snapshot', '--redact', '-o', path, *cluster)
            live, saved = (json.loads(self.run_podfit('check', '-f', manifest, '-o', 'json', *source)) for source in (cluster, ['--snapshot', path]))
        self.assertEqual(live, saved)
        self.assertEqual([entry['fits'] for entry in live['items'][0]['nodes']], [False, True])
        self.assertFalse(bound(pod('cocalc', 'x')))


if __name__ == '__main__':
    scenario.main()
