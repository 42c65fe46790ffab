#!/usr/bin/env python3
"""creation.py PODFIT [ROUNDS [PODS]]   what podfit adds to the creation of a pod on a real API server

Starts the control plane of tests/e2e/cluster (etcd, API server, scheduler, controllers) and PODFIT registered with failurePolicy Fail, and creates pods with one
kept-alive client: a round is PODS creations in a namespace that the webhook looks at and as many in one that it does not, in turn, one by one, so that whatever else
happens on the machine happens to both. Figures of a machine, never a test. Exit status 77: no control plane to be had."""
import json
import os
import re
import statistics
import sys
import time

ROUNDS, PODS = 5, 400
TARGET_MS = 2.0
ON, OFF = 'bench-on', 'bench-off'
NODES, NODE_PODS = 20, 1000
# the API server has to hear of the webhook, and the connection to it has to be there, before anything counts
WARM_UP = 50
CONFIG = '''apiVersion: config.podfit.io/v1
kind: PodfitConfiguration
classes:
- name: bench
  match: {namespaces: [%s]}
  defaultQuotas: '{"internet":true,"idle_timeout":1800,"mem":2000,"cpu":1,"cpu_oc":20,"mem_oc":10}'
''' % ON


def percentile(values, share):
    """Nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def create_ms(api, path, body):
    begin = time.perf_counter()
    status, answer, _ = api.raw('POST', path, body)
    took = (time.perf_counter() - begin) * 1000
    if status != 201:
        sys.exit('a pod is not created: %d %s' % (status, answer[:300].decode('utf8', 'replace')))
    return took


def cpu_ms(pid):
    with open('/proc/%d/stat' % pid, encoding='ascii') as file:
        fields = file.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf('SC_CLK_TCK')


def asked_seconds(api):
    """What the API server says it waited for podfit: (seconds, calls)."""
    text = api.raw('GET', '/metrics')[1].decode()
    found = [re.findall(r'^apiserver_admission_webhook_admission_duration_seconds_%s{[^}]*} (\S+)$' % part, text, re.M) for part in ('sum', 'count')]
    return tuple(sum(map(float, values)) for values in found)


def took_seconds(podfit):
    """What podfit says it took from a request line to its queued answer: (seconds, requests)."""
    text = podfit.ops('/metrics')[1]
    return tuple(float(re.search(r'^podfit_http_request_duration_seconds_%s (\S+)$' % part, text, re.M).group(1)) for part in ('sum', 'count'))


def mean_ms(before, after):
    return (after[0] - before[0]) * 1000 / (after[1] - before[1])


class Bench:
    def __init__(self, plane, cluster):
        self.plane, self.api, self.cluster = plane, plane.api, cluster
        self.bodies = {name: json.dumps(cluster.project('project-', name, tolerations=[])).encode() for name in (ON, OFF)}
        self.paths = {name: cluster.path_of('Pod', name) for name in (ON, OFF)}

    def prepare(self):
        for number in range(NODES):
            node = self.cluster.node('node-%d' % number, cpu='1000', memory='4Ti', pods=NODE_PODS)
            self.api.create(node)
        for name in (ON, OFF):
            self.api.create({'apiVersion': 'v1', 'kind': 'Namespace', 'metadata': {'name': name}})
            self.cluster.wait_until(lambda name=name: self.api.exists('ServiceAccount', name, 'default'), 'the service account of ' + name)

    def empty(self):
        for name in (ON, OFF):
            self.api.delete_all('Pod', name)
        self.cluster.wait_until(lambda: not any(self.api.list('Pod', name, limit=1) for name in (ON, OFF)), 'an empty cluster', 120)

    def round(self, pods, first):
        """Milliseconds of each creation, by namespace; who begins changes with the round."""
        taken = {ON: [], OFF: []}
        order = (ON, OFF) if first else (OFF, ON)
        for _ in range(pods):
            for name in order:
                taken[name].append(create_ms(self.api, self.paths[name], self.bodies[name]))
        return taken


def row(what, values, note=''):
    print('  %-34s %8.2f %8.2f %8.2f  %s' % (what, percentile(values, 50), percentile(values, 90), percentile(values, 99), note))


def measure(bench, podfit, rounds, pods):
    bench.round(WARM_UP, True)
    before, cpu, waited, took = podfit.reviews(), cpu_ms(podfit.process.pid), asked_seconds(bench.api), took_seconds(podfit)
    both = {ON: [], OFF: []}
    added = {50: [], 99: []}
    load = os.getloadavg()[0]
    print('creation of a pod on the API server, milliseconds   p50      p90      p99')
    for number in range(rounds):
        bench.empty()
        taken = bench.round(pods, number % 2 == 0)
        for name in (ON, OFF):
            both[name] += taken[name]
        for share, values in added.items():
            values.append(percentile(taken[ON], share) - percentile(taken[OFF], share))
        row('round %d, without podfit' % (number + 1), taken[OFF])
        row('round %d, with podfit' % (number + 1), taken[ON])
    asked = podfit.reviews() - before
    if asked != rounds * pods:
        sys.exit('podfit was asked %d times for %d pods: these figures say nothing' % (asked, rounds * pods))
    cpu = (cpu_ms(podfit.process.pid) - cpu) / asked
    waited, took = mean_ms(waited, asked_seconds(bench.api)), mean_ms(took, took_seconds(podfit))
    row('all rounds, without podfit', both[OFF])
    row('all rounds, with podfit', both[ON])
    p99 = percentile(both[ON], 99) - percentile(both[OFF], 99)
    verdict = 'reached' if p99 <= TARGET_MS else 'MISSED'
    print('  added at p50: %.2f (rounds %.2f to %.2f), at p99: %.2f (median of rounds %.2f, %.2f to %.2f), target <= %.0f: %s' % (
        percentile(both[ON], 50) - percentile(both[OFF], 50), min(added[50]), max(added[50]), p99, statistics.median(added[99]), min(added[99]), max(added[99]),
        TARGET_MS, verdict))
    print('  calling the webhook took the API server %.2f ms on average, the patch applied; %.2f ms of them were podfit, from request line to answer' % (waited, took))
    print('  podfit took %.2f ms of CPU time a creation it was asked about; it watched as many others, and the end of both' % cpu)
    print('  %d pods a side; %d processors, load average %.1f before and %.1f after: a busy machine makes the tail longer on both sides' % (
        len(both[ON]), os.cpu_count(), load, os.getloadavg()[0]))


class Cluster:
    """The harness of the cluster tests, which reads PODFIT when it is imported."""

    def __init__(self, binary):
        os.environ['PODFIT'] = binary
        sys.dont_write_bytecode = True
        sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tests', 'e2e', 'cluster'))
        import api
        import objects
        import plane
        import process
        import webhook
        self.node, self.project, self.path_of = objects.node, objects.project, api.path_of
        self.ControlPlane, self.Unavailable, self.skipped = plane.ControlPlane, plane.Unavailable, plane.SKIPPED
        self.Podfit, self.wait_until = webhook.Podfit, process.wait_until
        process.interrupt_on_sigterm()


def run(cluster, rounds, pods):
    with cluster.ControlPlane() as plane:
        bench = Bench(plane, cluster)
        bench.prepare()
        podfit = cluster.Podfit(plane, CONFIG, plane.admin_kubeconfig, ['--log-level', 'warning']).start()
        podfit.register([ON])
        try:
            measure(bench, podfit, rounds, pods)
        finally:
            podfit.stop()


def main(args):
    cluster = Cluster(os.path.abspath(args[0]))
    try:
        run(cluster, int(args[1]) if len(args) > 1 else ROUNDS, int(args[2]) if len(args) > 2 else PODS)
    except cluster.Unavailable:
        return cluster.skipped
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
