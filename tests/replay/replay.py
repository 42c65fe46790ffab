#!/usr/bin/env python3
"""replay.py   every recorded review of every scenario, posted in order over one TLS connection to `podfit serve`, with configurations of every kind

The program under test is $PODFIT. Each answer must be one that an API server takes, its patch must apply, change nothing but what podfit says it changes, and
be empty the second time. See protocol.py. Needs python3-jsonpatch."""
import json
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..', 'e2e'), HERE]

import harness  # noqa: E402
import outcomes  # noqa: E402
import protocol  # noqa: E402

HEAD = 'apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\nfit: {reservationTTL: 1h}\nclasses:\n'
QUOTAS = '''  defaultQuotas: '{"internet":true,"idle_timeout":1800,"mem":2000,"cpu":1,"cpu_oc":20,"mem_oc":10}'\n'''
POOL = '  pool: {taint: "cocalc-projects=true:NoSchedule", nodeSelector: {cocalc-role: projects}, inject: true}\n'
CONFIGS = {
    'keep': '- name: keep\n  requests: keep\n',
    'quotas': '- name: quotas\n' + QUOTAS + '  onFull: annotate\n  onNever: annotate\n',
    'pool': '- name: pool\n' + QUOTAS + POOL + '  onFull: gate\n  onNever: annotate\n',
    'raise': '- name: raise\n  requests: raise\n' + QUOTAS + '  memberSelector: {matchLabels: {run: project}}\n',
    'percent': '- name: percent\n  memoryRequestToLimitPercent: 50\n  cpuRequestToLimitPercent: 25\n  limitCPUToMemoryPercent: 100\n  onFull: gate\n'
               '  onNever: annotate\n',
    'observe': '- name: observe\n  observe: true\n' + QUOTAS,
}


def reviews(scenario):
    for line in outcomes.expand.lines(scenario):
        step = json.loads(line)
        if 'event' not in step:
            for review in [step['review']] + [r.get('review', r) for r in step.get('other_reviews') or []]:
                if review:
                    yield '%s %d' % (scenario, step['step']), review


class Replay(unittest.TestCase):
    def replay(self, podfit, scenario):
        counts = {'denied': 0, 'patched': 0, 'untouched': 0}
        with podfit.connect() as sock:
            def post(review):
                sock.sendall(harness.request_bytes(json.dumps(review, ensure_ascii=False, separators=(',', ':')).encode() + b'\n'))
                answer = harness.read_answer(sock)
                return answer.status, answer.body

            for name, review in reviews(scenario):
                with self.subTest(name):
                    response = protocol.exchange(post, review)
                    protocol.require(response is not None, 'not answered')
                    counts['denied' if not response['allowed'] else 'patched' if 'patch' in response else 'untouched'] += 1
        return counts

    def test_all(self):
        for scenario in outcomes.scenarios():
            snapshot = json.dumps(outcomes.expand.initial(scenario))
            running = []
            for name, text in CONFIGS.items():
                podfit = harness.Podfit(config_text=HEAD + text, snapshot_text=snapshot)
                self.addCleanup(podfit.remove)
                running.append(podfit)
                with self.subTest('%s, %s' % (scenario, name)):
                    counts = self.replay(podfit, scenario)
                    print('%-16s %-8s %s' % (scenario, name, counts), flush=True)
                    protocol.require(sum(counts.values()) >= 27, 'too few reviews')
                    protocol.require(name != 'observe' or counts['untouched'] == sum(counts.values()), 'observe does something')
            for podfit in running:
                podfit.process.terminate()
            for podfit in running:
                self.assertEqual(podfit.process.wait(30), 0, podfit.read('log')[-5000:])


if __name__ == '__main__':
    harness.main()
