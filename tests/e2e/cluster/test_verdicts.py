"""No wrong verdicts: random pods on random clusters, podfit's word against what the real kube-scheduler then does.

Every pod that podfit admits has to be bound. Every pod that it refuses is created, as podfit would have rewritten it, in a namespace where no webhook
looks, and kube-scheduler must not bind it. PODFIT_E2E_SEED and PODFIT_E2E_CLUSTERS choose others.
"""
import collections
import json
import os
import random

import scenario
from api import ApiError
from generate import random_node, random_pod
from objects import bound, unschedulable
from scenario import PATIENCE, wait_until

CLUSTERS = int(os.environ.get('PODFIT_E2E_CLUSTERS', '10'))
SEED = int(os.environ.get('PODFIT_E2E_SEED', '1'))
PODS = 56
CONFIG = '''apiVersion: config.podfit.io/v1
kind: PodfitConfiguration
classes:
- name: judged
  match: {namespaces: [judged]}
  cpuRequestToLimitPercent: 50
  memoryRequestToLimitPercent: 50
  onNever: reject
  onFull: reject
- name: told
  match: {namespaces: [told]}
  cpuRequestToLimitPercent: 50
  memoryRequestToLimitPercent: 50
  onNever: annotate
  onFull: annotate
fit:
  reservationTTL: 10m
'''


class Verdicts(scenario.Scenario):
    namespaces = ('judged', 'told')
    config = CONFIG

    def setUp(self):
        super().setUp()
        self.ensure_namespace('unwatched')
        self.counts = collections.Counter()
        self.wrong = []

    def decided(self, obj):
        """Waits for kube-scheduler: True when it has bound the pod, False when it has said that it cannot."""
        def outcome():
            present = self.read(obj)
            return ('bound', None) if bound(present) else ('unschedulable', unschedulable(present)) if unschedulable(present) is not None else None
        return wait_until(outcome, "kube-scheduler's word on " + obj['metadata']['name'], PATIENCE, 0.004)

    def as_rewritten(self, obj):
        """What podfit would have made of the pod, where nobody looks."""
        told = json.loads(json.dumps(obj))
        told['metadata']['namespace'] = 'told'
        made = self.api.create(told, dry_run=True)
        copy = dict(told, spec=made['spec'])
        copy['metadata'] = {'name': obj['metadata']['name'], 'namespace': 'judged', 'labels': obj['metadata']['labels']}
        copy['spec'] = {key: value for key, value in made['spec'].items() if key not in ('volumes', 'serviceAccount', 'serviceAccountName')}
        for container in copy['spec']['containers'] + copy['spec'].get('initContainers', []):
            container.pop('volumeMounts', None)
        return copy

    def judge(self, obj):
        try:
            made = self.api.create(obj)
        except ApiError as error:
            self.assertIn('denied the request: 0/', error.message)
            self.check_refusal(obj, error.message)
            return
        self.counts['admitted'] += 1
        verdict = made['metadata']['annotations']['podfit.io/verdict']
        self.counts[verdict] += 1
        outcome, message = self.decided(made)
        if outcome != 'bound' or verdict != 'fits':
            self.wrong.append('admitted as %s, %s (%s): %s' % (verdict, outcome, message, json.dumps(made['spec'])))
        if outcome != 'bound':
            self.api.delete('Pod', 'judged', made['metadata']['name'])

    def check_refusal(self, obj, message):
        self.counts['refused'] += 1
        self.counts['refused as never' if 'even if empty' in message else 'refused as full'] += 1
        # in the same namespace, because affinity counts pods of its own namespace: the webhook is told to look away by a label
        copy = self.as_rewritten(obj)
        copy['metadata']['labels']['podfit'] = 'look-away'
        made = self.api.create(copy)
        outcome, theirs = self.decided(made)
        if outcome == 'bound':
            self.wrong.append('refused, but bound: %s: %s' % (message, json.dumps(made['spec'])))
        else:
            self.compare(message, theirs)
        self.api.delete('Pod', 'judged', made['metadata']['name'])

    def compare(self, ours, theirs):
        """The first sentence is kube-scheduler's own."""
        sentence = theirs.split('. ', 1)[0]
        self.counts['same sentence' if sentence in ours else 'another sentence'] += 1
        if sentence not in ours:
            print('podfit: %s\n  kube-scheduler: %s' % (ours, theirs), flush=True)

    def one_cluster(self, seed):
        source = random.Random(seed)
        nodes = source.randrange(2, 9)
        self.create_nodes(*(random_node(source, number) for number in range(nodes)))
        podfit = self.serve()
        for number in range(PODS):
            self.judge(random_pod(source, 'judged', 'pod-%d' % number))
            podfit.wait_until_sees(nodes)
        self.doCleanups()
        scenario.empty(self.plane)

    def test_random_pods(self):
        for seed in range(SEED, SEED + CLUSTERS):
            before = len(self.wrong)
            self.one_cluster(seed)
            if len(self.wrong) > before:
                print('seed %d: %d wrong' % (seed, len(self.wrong) - before), flush=True)
        print(dict(self.counts), flush=True)
        self.assertEqual(self.wrong, [])
        self.assertGreaterEqual(self.counts['admitted'] + self.counts['refused'], CLUSTERS * PODS)
        self.assertGreater(min(self.counts['admitted'], self.counts['refused']), CLUSTERS * PODS // 10, 'both answers are tried')


if __name__ == '__main__':
    scenario.main()
