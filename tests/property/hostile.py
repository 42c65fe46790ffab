#!/usr/bin/env python3
"""hostile.py [SEED ...]   reviews that no API server would send, or that one sends before it validates, posted to `podfit serve`

The program under test is $PODFIT. Seeds are fixed and printed: a failure names the seed and the number of the review. Whatever arrives, the server answers 200
or 400 (413 over the limit), the patch applies to the object that was sent, and applying it a second time changes nothing. See tests/replay/protocol.py."""
import copy
import json
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..', 'e2e'), os.path.join(HERE, '..', 'replay')]

import harness  # noqa: E402
import protocol  # noqa: E402

SEEDS = [1, 20261122, 4711]
EACH = int(400 * harness.SCALE)
PATH = '/mutate?timeout=30s'
CONFIG = '''apiVersion: config.podfit.io/v1
kind: PodfitConfiguration
classes:
- name: projects
  match: {namespaces: [cocalc]}
  defaultQuotas: {mem: 2000, mem_oc: 10, cpu: 1, cpu_oc: 20}
  pool: {taint: 'p=true:NoSchedule', nodeSelector: {role: p}, inject: true}
  onFull: gate
  onNever: annotate
- name: percent
  match: {namespaces: [percent]}
  memoryRequestToLimitPercent: 50
  cpuRequestToLimitPercent: 25
  limitCPUToMemoryPercent: 200
  onFull: annotate
- name: raise
  match: {namespaces: [raise]}
  requests: raise
  defaultQuotas: {mem: 500, mem_oc: 3, cpu: 0.3, cpu_oc: 7}
  onFull: annotate
- name: rest
  requests: keep
fit: {reservationTTL: 1h}
'''
QUANTITIES = ['1', '100m', '0', '-1', '-5Gi', '1e3', '1E3', '1e999', '1e-999', '9223372036854775807', '9223372036854775808', '999999999999999999999999', '1Ei', '8Ei', '0.1m',
              '1.5', '1.', '.5', '', ' 1', '1 ', '0x10', 'NaN', 'Infinity', '1Mi', '64Mi', '2Gi', '2000M', '1.0000000001', '+1', '--1', '1ki', '100n', '1u', 1, 0.5, -3,
              10**30, None, True, [], {}]
NAMES = ['a', 'a', 'project', '', None, 'x' * 300, 'ü\U0001F600', 'nul\u0000in', 'a/b~c~0~1', '\u2028', '\ud800', 'podfit.io/review', '-', '0', 3, [], {}]


def rare(r, odd, usual, chance=0.06):
    return odd() if r.random() < chance else usual()


def name(r):
    return rare(r, lambda: r.choice(NAMES), lambda: 'c%d' % r.randrange(9))


def quantity(r):
    return rare(r, lambda: r.choice(QUANTITIES), lambda: r.choice(['100m', '1', '2', '64Mi', '1Gi', '2000Mi', '3G', '500k', '1500m']))


def resource_list(r):
    keys = ['cpu', 'memory', 'ephemeral-storage', 'nvidia.com/gpu', 'hugepages-2Mi', 'a/b/c', '', '~', 'x' * 100]
    return rare(r, lambda: r.choice([None, {}, [], 'x']), lambda: {k: quantity(r) for k in r.sample(keys[:3] if r.random() < 0.8 else keys, r.randrange(4))})


def resources(r):
    return rare(r, lambda: r.choice([None, {}, [], {'claims': None}]),
                lambda: {k: resource_list(r) for k in ('limits', 'requests') if r.random() < 0.7})


def container(r):
    c = {'name': name(r)}
    if r.random() < 0.8:
        c['resources'] = resources(r)
    if r.random() < 0.2:
        c['ports'] = [rare(r, lambda: None, lambda: {'containerPort': r.choice([0, -1, 80, 2**31, 99999]), 'hostPort': r.choice([0, 80, -80, 443]),
                                                     'protocol': r.choice(['TCP', 'UDP', '', None, 'X'])})]
    if r.random() < 0.15:
        c['restartPolicy'] = r.choice(['Always', '', None, 'Never'])
    return rare(r, lambda: r.choice([None, {}]), lambda: c, 0.03)


def containers(r):
    return rare(r, lambda: r.choice([None, [], [None]]), lambda: [container(r) for _ in range(r.choice([1, 1, 1, 2, 3, 12]))], 0.05)


def annotations(r):
    keys = ['podfit.io/review', 'podfit.io/requests', 'podfit.io/class', 'podfit.io/reason', 'podfit.io/verdict', 'podfit.io/x', 'a', 'a/b', '~1', 'ü', 'nul\u0000']
    record = json.dumps([{'container': 'c1', 'index': r.randrange(3), 'requests': {'memory': {'before': quantity(r), 'after': quantity(r), 'rule': 'ratio'}}}])
    return rare(r, lambda: r.choice([None, {}]), lambda: {k: r.choice(['', 'x', record, '[]', '{', '\u0000', 'ü' * 99]) for k in r.sample(keys, r.randrange(5))}, 0.2)


def metadata(r):
    m = {'name': name(r), 'labels': rare(r, lambda: None, lambda: {'run': 'project'})}
    if r.random() < 0.5:
        m['annotations'] = annotations(r)
    if r.random() < 0.1:
        m['managedFields'] = [{'fieldsV1': json.loads('{"f:a":' * 50 + '{}' + '}' * 50)}]
    return rare(r, lambda: r.choice([None, {}]), lambda: m, 0.04)


def spec(r):
    s = {'containers': containers(r)}
    optional = {
        'initContainers': lambda: containers(r),
        'tolerations': lambda: r.choice([None, [], [{}], [{'operator': 'Exists'}], [{'key': 'p', 'value': 'true', 'effect': 'NoSchedule'}], [None, {'operator': 'Sideways'}]]),
        'nodeSelector': lambda: r.choice([None, {}, {'role': 'p'}, {'role': 'q'}, {'role': None}, {'': ''}, {'a/b~': 'x'}]),
        'schedulingGates': lambda: r.choice([None, [], [{'name': 'podfit.io/capacity'}], [{'name': 'x'}, {'name': 'podfit.io/capacity'}], [{}], [None]]),
        'resources': lambda: resources(r),
        'overhead': lambda: resource_list(r),
        'nodeName': lambda: r.choice(['', 'n1', None, 'nowhere']),
        'schedulerName': lambda: r.choice(['', 'default-scheduler', 'other', None]),
        'priority': lambda: r.choice([0, -1, 2**31 - 1, 2**31, None]),
        'hostNetwork': lambda: r.choice([True, False, None]),
        'affinity': lambda: r.choice([None, {}, {'nodeAffinity': {'requiredDuringSchedulingIgnoredDuringExecution': {'nodeSelectorTerms': r.choice([
            None, [], [{}], [{'matchExpressions': [{'key': 'role', 'operator': r.choice(['In', 'Gt', 'X', '']), 'values': r.choice([None, [], ['p'], ['1', '2']])}]}]])}}}]),
        'volumes': lambda: r.choice([None, [], [{'persistentVolumeClaim': {'claimName': 'c'}}], [{'emptyDir': {}}]]),
        'topologySpreadConstraints': lambda: r.choice([None, [{'whenUnsatisfiable': 'DoNotSchedule'}], [{}]]),
    }
    for key in r.sample(sorted(optional), r.randrange(6)):
        s[key] = optional[key]()
    return rare(r, lambda: r.choice([None, {}]), lambda: s, 0.03)


def pod(r):
    return {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': metadata(r), 'spec': spec(r), 'status': {}}


def review(r, number):
    request = {'uid': rare(r, lambda: r.choice(['ü"\\\n\u2028', 'x' * 5000, '\u0000', ' ']), lambda: 'uid-%d' % number, 0.05),
               'kind': {'group': '', 'version': 'v1', 'kind': 'Pod'}, 'resource': {'group': '', 'version': 'v1', 'resource': 'pods'},
               'namespace': r.choice(['cocalc', 'cocalc', 'percent', 'raise', 'rest']), 'operation': 'CREATE', 'userInfo': {'username': 'u'},
               'object': pod(r), 'oldObject': None}
    if r.random() < 0.1:
        request.update(operation='UPDATE', subResource='resize', oldObject=pod(r))
    if r.random() < 0.2:
        request['dryRun'] = r.choice([True, False, None])
    return {'kind': 'AdmissionReview', 'apiVersion': 'admission.k8s.io/v1', 'request': request}


def text_of(document):
    """lone surrogates as escapes, everything else as UTF-8"""
    text = json.dumps(document, ensure_ascii=False, separators=(',', ':'))
    return text.encode('utf8', 'surrogatepass') if not any(0xD800 <= ord(c) < 0xE000 for c in text) else json.dumps(document).encode()


def plain(number=1):
    return json.loads(harness.review(number))


def with_pod(change):
    document = plain()
    change(document['request']['object'])
    return document


def set_containers(items):
    return with_pod(lambda p: p['spec'].update(containers=items))


def container_of(index):
    return {'name': 'c%d' % (index % 700), 'resources': {'limits': {'cpu': '10m', 'memory': '16Mi'}}}


LARGE = {
    '1,000 containers': lambda: set_containers([container_of(i) for i in range(1000)]),
    '15,000 containers': lambda: set_containers([{'name': 'c', 'resources': {'limits': {'memory': '1Mi'}}} for _ in range(15000)]),
    '20,001 containers': lambda: set_containers([{} for _ in range(20001)]),
    '64 KB of environment': lambda: set_containers([dict(container_of(0), env=[{'name': 'E%d' % i, 'value': 'v' * 100} for i in range(600)])]),
    '3 MiB annotation': lambda: with_pod(lambda p: p['metadata'].update(annotations={'a': 'x' * (3 << 20)})),
    '50,000 annotations': lambda: with_pod(lambda p: p['metadata'].update(annotations={'podfit.io/%d' % i: 'x' for i in range(50000)})),
    '3 MiB of podfit.io/requests': lambda: with_pod(lambda p: p['metadata'].update(annotations={'podfit.io/requests': '[' * (3 << 20)})),
    '10,000 tolerations': lambda: with_pod(lambda p: p['spec'].update(tolerations=[{'key': 'k%d' % i} for i in range(10000)])),
    '10,000 resources': lambda: set_containers([{'name': 'c', 'resources': {'requests': {'x.y/z%d' % i: '1' for i in range(10000)}}}]),
    '10,000 host ports': lambda: set_containers([{'name': 'c', 'ports': [{'containerPort': 1, 'hostPort': i + 1} for i in range(10000)]}]),
}


def deep(levels):
    """managedFields as deep as encoding/json of the API server lets pass"""
    document = harness.review(1)
    return document.replace(b'"spec":{"cont', b'"x":' + b'{"f:a":' * levels + b'{}' + b'}' * levels + b',"spec":{"cont', 1)


RAW = {
    'managedFields 3,000 levels deep': (lambda: deep(3000), (200,)),
    'managedFields 100,000 levels deep': (lambda: deep(100000), (400,)),
    'brackets': (lambda: b'[' * 1000000, (400,)),
    'invalid UTF-8': (lambda: harness.review(1).replace(b'"image":"p"', b'"image":"\xff\xfe"'), (200, 400)),
    'raw NUL': (lambda: harness.review(1).replace(b'"image":"p"', b'"image":"\x00"'), (400,)),
    'escaped NUL': (lambda: harness.review(1).replace(b'"image":"p"', b'"image":"\\u0000"'), (200,)),
    'half a review': (lambda: harness.review(1)[:500], (400,)),
    'key twice': (lambda: harness.review(1).replace(b'"metadata":', b'"spec":{},"metadata":', 1), (200, 400)),
    'nothing': (lambda: b' ', (400,)),
    'two reviews': (lambda: harness.review(1) * 2, (400,)),
}


class Hostile(harness.Case):
    config_text = CONFIG
    options = ('--request-timeout', '60s')  # what is looked at is the answer, not how soon a busy machine gives it
    snapshot_text = harness.snapshot([harness.node('n1', pods=500), harness.node('n2', pods=100000, cpu='100000', memory='100Ti')])

    def exchange(self, document):
        def post(changed):
            answer = self.podfit.post(text_of(changed), path=PATH)
            return answer.status, answer.body
        return protocol.exchange(post, document)

    def seeded(self, seed, sock):
        r = random.Random(seed)
        counts = {'patched': 0, 'denied': 0, 'untouched': 0, 'refused': 0}

        def post(document):
            sock.sendall(harness.request_bytes(text_of(document), path=PATH))
            answer = harness.read_answer(sock)
            return answer.status, answer.body

        for number in range(EACH):
            document = review(r, number)
            with self.subTest('seed %d, review %d' % (seed, number)):
                try:
                    response = protocol.exchange(post, copy.deepcopy(document))
                except AssertionError:
                    print(json.dumps(document))
                    raise
                kind = 'refused' if response is None else 'denied' if not response['allowed'] else 'patched' if 'patch' in response else 'untouched'
                counts[kind] += 1
        print('seed %d: %s' % (seed, counts), flush=True)
        self.assertTrue(counts['patched'] * 4 > EACH, counts)

    def test_random(self):
        for seed in [int(s) for s in os.environ.get('PODFIT_SEEDS', '').split()] or SEEDS:
            with self.podfit.connect() as sock:
                self.seeded(seed, sock)

    def test_large(self):
        for what, make in LARGE.items():
            with self.subTest(what):
                self.assertIsNotNone(self.exchange(make()))

    def test_raw(self):
        for what, (make, statuses) in RAW.items():
            with self.subTest(what):
                answer = self.podfit.post(make())
                self.assertIn(answer.status, statuses, answer.body[:500])

    def test_served_afterwards(self):
        self.assertEqual(self.podfit.post(harness.review(5)).status, 200)


if __name__ == '__main__':
    harness.main()
