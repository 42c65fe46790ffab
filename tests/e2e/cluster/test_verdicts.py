"""No wrong verdicts: random pods on random clusters, podfit's word against what the real kube-scheduler then does.

Every pod that podfit admits has to be bound, after preemption if need be (a fake kubelet ends the victims; on every other cluster it takes its time, and other pods are judged while the nomination lingers). Every pod that it refuses is created, as podfit would have rewritten it, in a namespace where no webhook
looks, and kube-scheduler must not bind it. PODFIT_E2E_SEED and PODFIT_E2E_CLUSTERS choose others.
"""
import collections
import json
import os
import random

import scenario
from api import ApiError
from generate import CLASSES, meek, random_budgets, random_node, random_pod, random_volumes
from kubelet import Kubelet
from objects import bound, unschedulable
from scenario import PATIENCE, wait_until

CLUSTERS = int(os.environ.get('PODFIT_E2E_CLUSTERS', '9'))
SEED = int(os.environ.get('PODFIT_E2E_SEED', '1'))
PODS = 56
LINGERING_PODS = 4  # that are judged while a nomination lingers
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
        self.counts = collections.Counter()
        self.preempting = set()
        self.lingering = []  # nominated pods that wait for their victims, and how many pods were judged since
        self.slowly = False
        self.kubelet = Kubelet(self.api, default='runs')
        self.kubelet.__enter__()
        self.stack.callback(self.kubelet.__exit__)
        self.wrong = []

    def decided(self, obj):
        """Waits for kube-scheduler: 'bound', or 'unschedulable' and its sentence. A pod that it has nominated waits for its victims, or is 'nominated' where they linger."""
        def outcome():
            present = self.read(obj)
            if bound(present):
                return 'bound', None
            if present['status'].get('nominatedNodeName'):
                self.preempting.add(obj['metadata']['name'])
                return ('nominated', None) if self.slowly and self.victims() else None
            return ('unschedulable', unschedulable(present)) if unschedulable(present) is not None else None
        return wait_until(outcome, "kube-scheduler's word on " + obj['metadata']['name'], PATIENCE, 0.004)

    def victims(self):
        return [p for p in self.api.list('Pod', 'judged') if p['metadata'].get('deletionTimestamp')]

    def as_rewritten(self, obj):
        """What podfit would have made of the pod, where nobody looks."""
        told = json.loads(json.dumps(obj))
        told['metadata']['namespace'] = 'told'
        made = self.api.create(told, dry_run=True)
        copy = dict(told, spec=made['spec'])
        copy['metadata'] = {'name': obj['metadata']['name'], 'namespace': 'judged', 'labels': obj['metadata']['labels']}
        copy['spec'] = {key: value for key, value in made['spec'].items() if key not in ('serviceAccount', 'serviceAccountName')}
        copy['spec']['volumes'] = obj['spec'].get('volumes', [])
        for container in copy['spec']['containers'] + copy['spec'].get('initContainers', []):
            container.pop('volumeMounts', None)
        return copy

    def claim(self, obj):
        """The claims of a pod, made before it and known to podfit: what it has not seen is `unknown`."""
        for volume in obj['spec'].get('volumes', []):
            self.api.create({'apiVersion': 'v1', 'kind': 'PersistentVolumeClaim', 'metadata': {'name': volume['name'], 'namespace': 'judged'}, 'spec': {
                'accessModes': ['ReadWriteOnce'], 'storageClassName': 'local', 'resources': {'requests': {'storage': '40Gi'}}}})
            wait_until(lambda: self.verdict(obj) != 'unknown', 'the claim in the model', PATIENCE)

    def verdict(self, obj):
        try:
            return self.api.create(obj, dry_run=True)['metadata']['annotations']['podfit.io/verdict']
        except ApiError:
            return 'refused'

    def judge(self, obj):
        self.claim(obj)
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
        if outcome == 'nominated' and verdict == 'fits':
            self.lingering.append(made)
            return
        if outcome != 'bound' or verdict != 'fits':
            self.wrong.append('admitted as %s, %s (%s): %s' % (verdict, outcome, message, json.dumps(made['spec'])))
        if outcome != 'bound':
            self.api.delete('Pod', 'judged', made['metadata']['name'])

    def check_refusal(self, obj, message):
        self.counts['refused'] += 1
        self.counts['refused beside a nomination'] += bool(self.lingering)
        self.counts['refused as never' if 'even if empty' in message else 'refused as full'] += 1
        # in the same namespace, because affinity counts pods of its own namespace: the webhook is told to look away by a label
        copy = self.as_rewritten(obj)
        copy['metadata']['labels']['podfit'] = 'look-away'
        made = self.api.create(copy)
        outcome, theirs = self.decided(made)
        if outcome != 'unschedulable':
            self.wrong.append('refused, but %s: %s: %s' % (outcome, message, json.dumps(made['spec'])))
        else:
            self.compare(message, theirs)
        self.api.delete('Pod', 'judged', made['metadata']['name'])

    def compare(self, ours, theirs):
        """The first sentence is kube-scheduler's own."""
        sentence = theirs.split('. ', 1)[0]
        self.counts['same sentence' if sentence in ours else 'another sentence'] += 1
        if sentence not in ours:
            print('podfit: %s\n  kube-scheduler: %s' % (ours, theirs), flush=True)

    def end_lingering(self):
        """The victims go, and who was nominated is bound."""
        self.kubelet.patient = False
        self.slowly = False
        for made in self.lingering:
            outcome, message = self.decided(made)
            self.counts['bound after lingering'] += outcome == 'bound'
            if outcome != 'bound':
                self.wrong.append('admitted by eviction, %s (%s): %s' % (outcome, message, json.dumps(made['spec'])))
        self.lingering.clear()

    def settle(self, nodes, obj):
        """podfit has seen all that the last pod led to."""
        if self.preempting:
            self.counts['preempted'] += 1
            self.preempting.clear()
            if not self.lingering:
                wait_until(lambda: not self.victims(), 'the end of the victims', PATIENCE)
            wait_until(lambda: self.newest('Pod') <= int(self.podfit.stats()['model']['resourceVersion']), 'the eviction in the model', PATIENCE)
        if obj['spec'].get('volumes'):
            self.counts['with a claim'] += 1
            for kind, name in (('PersistentVolume', 'persistentvolumes'), ('PersistentVolumeClaim', 'persistentvolumeclaims')):
                wait_until(lambda k=kind, n=name: self.newest(k) <= int(self.podfit.stats()['watch'][n]['resourceVersion']), 'the binding of volumes in the model', PATIENCE)
        self.podfit.wait_until_sees(nodes)

    def newest(self, kind):
        """The resourceVersion of what changed last; decimal numbers."""
        return max((int(obj['metadata']['resourceVersion']) for obj in self.api.list(kind)), default=0)

    def one_cluster(self, seed):
        source = random.Random(seed)
        nodes = source.randrange(2, 9)
        self.create_nodes(*(random_node(source, number) for number in range(nodes)))
        for obj in CLASSES + random_volumes(source, nodes) + random_budgets(source, 'judged'):
            self.create(obj)
        self.serve()
        patience = seed % 2 == 0
        since = 0
        for number in range(PODS):
            obj = random_pod(source, 'judged', 'pod-%d' % number)
            self.kubelet.patient = self.slowly = patience
            since = since + 1 if self.lingering else 0
            self.judge(meek(obj) if self.lingering else obj)
            if since == LINGERING_PODS or number == PODS - 1:
                self.end_lingering()
            self.settle(nodes, obj)
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
