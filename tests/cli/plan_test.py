#!/usr/bin/env python3
"""plan_test.py PODFIT SOURCE_DIR [TEST...]: `podfit plan` from the outside: two published calculations to the figure, the JSON contract, what would
make a number fit (each remedy is tried), what-if, messages, the view on a terminal."""
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

import fake_cluster

PODFIT = os.path.abspath(sys.argv[1])
SOURCE = os.path.abspath(sys.argv[2])
CONFIG = os.path.join(SOURCE, 'examples', 'config.yaml')
SITE = '{"internet":true,"idle_timeout":1800,"mem":2000,"cpu":1,"cpu_oc":20,"mem_oc":10}'
IDE = ['--requests', 'cpu=500m,memory=512Mi', '--limits', 'cpu=2,memory=2Gi', '--node', 'count=3,cpu=8,memory=32Gi']


def podfit(*args, env=None, stdin=''):
    run = subprocess.run([PODFIT, 'plan'] + list(args), input=stdin.encode('utf8'), capture_output=True, timeout=60, check=False,
                         env=dict(os.environ, **(env or {})))
    return run.returncode, run.stdout.decode('utf8'), run.stderr.decode('utf8')


def document(*args, status=0, **kwargs):
    got, out, err = podfit(*args, '-o', 'json', **kwargs)
    assert got == status, (args, got, err)
    return json.loads(out)


def plan(*args, **kwargs):
    return document(*args, **kwargs)['plan']


def line(of, basis, constraint):
    found = [one for one in of['constraints'] if (one['basis'], one['constraint']) == (basis, constraint)]
    assert len(found) == 1, (basis, constraint, of['constraints'])
    return found[0]


class Published(unittest.TestCase):
    """Two calculations that operators published, with every figure they give."""

    def test_notebook_site_requests(self):
        got = plan('--quotas', SITE, '--node', 'cpu=24,memory=256Gi')
        self.assertEqual(got['project'], {'requests': {'cpu': '50m', 'memory': '200Mi'}, 'limits': {'cpu': '1', 'memory': '2000Mi'}})

    def test_notebook_site_real_use(self):
        """About 100 projects of 500 MB on 64 GB: exactly 100 where 14 GB are kept for the system, 128 where nothing is."""
        node = ['--quotas', SITE, '--usage', 'memory=500M', '--node', 'cpu=24,memory=64G,pods=250']
        self.assertEqual(line(plan(*node), 'usage', 'memory')['projects'], 128)
        kept = plan(*node, '--system-reserved', 'cpu=1,memory=14G')
        self.assertEqual((line(kept, 'usage', 'memory')['projects'], kept['fits']), (100, 100))
        self.assertEqual((kept['binding']['basis'], kept['binding']['constraint']), ('usage', 'memory'))
        self.assertEqual(kept['admitted'], 238)

    def test_notebook_site_pod_limit(self):
        """24 cores and hundreds of GB: the pod limit is what counts."""
        for memory in ('128Gi', '256Gi', '384Gi'):
            got = plan('--quotas', SITE, '--node', 'cpu=24,memory=' + memory, '--projects', '110')
            self.assertEqual((got['fits'], got['binding']), (110, {'basis': 'requests', 'constraint': 'pods', 'projects': 110}))
            self.assertEqual(line(got, 'requests', 'cpu')['projects'], 480)
            self.assertEqual(got['next']['projects'], min(480, int(memory[:-2]) * 1024 // 200))
            self.assertEqual(plan('--quotas', SITE, '--node', 'cpu=24,memory=' + memory, '--projects', '111', status=1)['fits'], 110)

    def test_notebook_site_hubs(self):
        got = plan('--quotas', SITE, '--node', 'count=2,cpu=24,memory=256Gi', '--users', '200', '--users-per-hub', '50')
        self.assertEqual(got['hubs'], {'usersPerHub': 50, 'hubs': 4})
        for users, hubs in ((1, 1), (50, 1), (51, 2), (201, 5)):
            args = ['--quotas', SITE, '--node', 'count=2,cpu=24,memory=256Gi', '--users', str(users), '--users-per-hub', '50']
            self.assertEqual(plan(*args)['hubs']['hubs'], hubs)

    def test_ide_replicas(self):
        for per_pod, pods, cpu, memory in (('1.5', 14, ('7', '28'), ('7Gi', '28Gi')), ('2', 10, ('5', '20'), ('5Gi', '20Gi'))):
            got = plan(*IDE, '--users', '20', '--users-per-pod', per_pod)
            self.assertEqual(got['wanted']['projects'], pods)
            totals = got['totals']
            self.assertEqual((totals['requests']['cpu'], totals['limits']['cpu']), cpu)
            self.assertEqual((totals['requests']['memory'], totals['limits']['memory']), memory)

    def test_ide_cost(self):
        rows = ((3, '4.46', '16.50', '150.42', '150.00', '7.50'), (10, '14.88', '55.00', '501.40', '500.00', '25.00'),
                (15, '22.32', '82.50', '752.10', '750.00', '37.50'))
        for pods, day, storage, month, about, user in rows:
            for volumes in (['--volume', '55Gi'], ['--volume', '50Gi', '--volume', '5Gi'], ['--volume', '50Gi+5Gi']):
                cost = plan(*IDE, '--projects', str(pods), '--users', '20', '--price', 'cpu-hour=0.031,gb-month=0.10', *volumes)['cost']
                self.assertEqual((cost['priceBy'], cost['hoursPerDay'], cost['daysPerMonth']), ('limits', 24, 30))
                self.assertEqual((cost['computePerDay'], cost['storagePerMonth'], cost['perMonth']), (day, storage, month))
                self.assertEqual((cost['perMonthAbout'], cost['perUserAbout']), (about, user))

    def test_ide_by_quotas(self):
        """The same pod from ratios: 1:4 of 2 cores and 2048 Mi."""
        got = plan('--quotas', '{"mem":2048,"mem_oc":4,"cpu":2,"cpu_oc":4}', '--node', 'cpu=8,memory=32Gi')
        self.assertEqual(got['project'], {'requests': {'cpu': '500m', 'memory': '512Mi'}, 'limits': {'cpu': '2', 'memory': '2Gi'}})


class Contract(unittest.TestCase):
    def test_document(self):
        got = document('--config', CONFIG, '--class', 'projects', '--what-if', 'pods=50', '--what-if', 'mem_oc=5')
        self.assertEqual((got['apiVersion'], got['kind']), ('podfit.io/v1', 'Plan'))
        self.assertEqual(got['whatIf']['changes'], ['pods=50', 'mem_oc=5'])
        self.assertEqual(sorted(got['whatIf']['plan']), sorted(got['plan']))
        for one in (got['plan'], got['whatIf']['plan']):
            self.assertEqual(one['class'], 'projects')
            self.assertEqual(one['nodes']['total'], 6)
            self.assertEqual(sum(group['nodes'] for group in one['groups']), 6)
            self.assertEqual(sum(group['projects'] * group['nodes'] for group in one['groups']), one['fits'])
        self.assertEqual(got['whatIf']['plan']['project']['requests'], {'cpu': '50m', 'memory': '400Mi'})

    def test_slots_are_those_of_check(self):
        """One formula: what check says of the same pod."""
        pod = os.path.join(SOURCE, 'examples', 'pods', 'project.yaml')
        run = subprocess.run([PODFIT, 'check', '--snapshot', 'example', '--config', CONFIG, '-f', pod, '-o', 'json'], capture_output=True, timeout=60, check=True)
        checked = json.loads(run.stdout)['items'][0]
        for args in (['--class', 'projects'], ['-f', pod]):
            got = plan('--config', CONFIG, *args)
            self.assertEqual((got['admitted'], got['project']['requests']), (checked['slots'], checked['podRequests']))

    def test_admission_takes_exactly_that_many(self):
        """Every one that the plan says is admitted one after the other, and not one more."""
        with tempfile.TemporaryDirectory() as folder:
            pods, cluster = os.path.join(folder, 'pods.json'), os.path.join(folder, 'cluster.json')
            nodes = [{'apiVersion': 'v1', 'kind': 'Node', 'metadata': {'name': 'n%d' % i}, 'status': {'allocatable': allocatable}}
                     for i, allocatable in enumerate(({'cpu': '1', 'memory': '3Gi', 'pods': '9'}, {'cpu': '470m', 'memory': '9Gi', 'pods': '30'}))]
            with open(cluster, 'w', encoding='utf8') as file:
                json.dump({'apiVersion': 'v1', 'kind': 'List', 'items': nodes}, file)
            pod = {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': 'p'}, 'spec': {'containers': [
                {'name': 'c', 'image': 'x', 'resources': {'requests': {'cpu': '60m', 'memory': '300Mi'}}}]}}
            fits = plan('--snapshot', cluster, '--requests', 'cpu=60m,memory=300Mi')['fits']
            self.assertEqual(fits, 9 + 7)
            with open(pods, 'w', encoding='utf8') as file:
                json.dump({'apiVersion': 'v1', 'kind': 'List', 'items': [dict(pod, metadata={'name': 'p%d' % i}) for i in range(fits + 1)]}, file)
            run = subprocess.run([PODFIT, 'check', '--snapshot', cluster, '-f', pods, '-o', 'json'], capture_output=True, timeout=60, check=False)
            verdicts = [item['verdict'] for item in json.loads(run.stdout)['items']]
            self.assertEqual(verdicts, ['fits'] * fits + ['full'])

    def test_usage_and_limits(self):
        got = plan('--quotas', SITE, '--node', 'count=2,cpu=4,memory=8Gi', '--usage', 'cpu=0.5,memory=500M')
        self.assertEqual(line(got, 'usage', 'cpu')['projects'], 16)
        self.assertEqual(line(got, 'limits', 'memory'), {'basis': 'limits', 'constraint': 'memory', 'projects': 8, 'leastPerNode': 4, 'mostPerNode': 4})
        self.assertEqual((got['fits'], got['admitted']), (16, 80))
        self.assertEqual(got['worstCase'], {'projects': 16, 'cpuLimitsToAllocatable': '2.00', 'memoryLimitsToAllocatable': '1.95'})

    def test_without_limits(self):
        got = plan('--requests', 'cpu=1,memory=1Gi', '--node', 'cpu=4,memory=8Gi')
        self.assertEqual((got['project']['limits'], got['worstCase'], got['fits']), ({}, {'projects': 4}, 4))
        self.assertNotIn('limits', [one['basis'] for one in got['constraints']])

    def test_members_have_higher_floors(self):
        args = ['--config', CONFIG, '--class', 'projects']
        self.assertEqual(plan(*args, '--member')['project']['requests'], {'cpu': '50m', 'memory': '300Mi'})

    def test_percents(self):
        args = ['--config', CONFIG, '--class', 'jupyterhub', '--limits', 'cpu=2,memory=4Gi', '--node',
                'cpu=16,memory=64Gi,taint=hub.jupyter.org/dedicated=user:NoSchedule']
        self.assertEqual(plan(*args)['project']['requests'], {'cpu': '500m', 'memory': '2Gi'})
        decimal = [one.replace('4Gi', '4001M') for one in args]
        self.assertEqual(plan(*decimal)['project']['requests']['memory'], '2G', 'rounded to whole MB, as the limit is written')
        got = plan(*args, '--projects', '64', status=1)
        self.assertEqual(got['wanted']['remedies']['ratios'], [{'cpuRequestToLimitPercent': '12', 'memoryRequestToLimitPercent': '25'}])

    def test_taints_labels_and_other_resources(self):
        node = 'cpu=8,memory=32Gi,taint=cocalc-projects=true:NoSchedule,label=cocalc-role=projects,name='
        got = plan('--config', CONFIG, '--class', 'projects', '--node', node + 'pool', '--node', 'cpu=64,memory=1Ti')
        self.assertEqual((got['nodes']['total'], got['nodes']['usable'], got['fits']), (2, 1, 110))
        self.assertEqual([(group['first'], group['usable']) for group in got['groups']], [('node2-1', False), ('pool-1', True)])
        pod = {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': 'p'}, 'spec': {'containers': [
            {'name': 'c', 'image': 'x', 'resources': {'limits': {'example.com/gpu': '2'}}}]}}
        got = plan('-f', '-', '--node', 'cpu=8,memory=32Gi,example.com/gpu=7', stdin=json.dumps(pod))
        self.assertEqual((got['fits'], got['binding']['constraint']), (3, 'example.com/gpu'))

    def test_nothing_fits(self):
        got = plan('--requests', 'cpu=5', '--node', 'count=2,cpu=4,memory=8Gi')
        self.assertEqual((got['fits'], got['message']), (0, '0/2 nodes are available: 2 Insufficient cpu.'))

    def test_yaml(self):
        _, out, _ = podfit('--quotas', SITE, '--node', 'cpu=2,memory=4Gi', '-o', 'yaml')
        self.assertTrue(out.startswith('apiVersion: podfit.io/v1\nkind: Plan\n'), out[:80])


class Remedies(unittest.TestCase):
    """What is said to make the number fit does, and a bit less of it does not."""

    def fits(self, args, *what_if):
        status, _, err = podfit(*args, *[part for one in what_if for part in ('--what-if', one)])
        self.assertIn(status, (0, 1), err)
        return status == 0

    def test_pod_limit_and_nodes(self):
        args = ['--quotas', SITE, '--node', 'count=3,cpu=24,memory=64Gi', '--projects', '500']
        remedies = plan(*args, status=1)['wanted']['remedies']
        self.assertEqual(remedies, {'pods': 167, 'nodes': {'more': 2, 'total': 5, 'like': 'node-1'}, 'ratios': []})
        self.assertTrue(self.fits(args, 'pods=167'))
        self.assertFalse(self.fits(args, 'pods=166'))
        self.assertTrue(self.fits(args, 'add=2'))
        self.assertFalse(self.fits(args, 'add=1'))
        self.assertTrue(self.fits(args, 'count=5'))
        self.assertFalse(self.fits(args, 'count=4'))

    def test_one_ratio(self):
        args = ['--quotas', '{"mem":4000,"cpu":1,"cpu_oc":20,"mem_oc":4}', '--node', 'count=2,cpu=24,memory=64Gi', '--projects', '150']
        remedies = plan(*args, status=1)['wanted']['remedies']
        self.assertNotIn('pods', remedies)
        (ratio,) = remedies['ratios']
        self.assertEqual(list(ratio), ['mem_oc'])
        self.assertTrue(self.fits(args, 'mem_oc=' + ratio['mem_oc']))
        self.assertFalse(self.fits(args, 'mem_oc=%.1f' % (float(ratio['mem_oc']) - 0.1)))

    def test_two_ratios(self):
        args = ['--quotas', '{"mem":4000,"cpu":1,"cpu_oc":2,"mem_oc":4}', '--node', 'count=1,cpu=24,memory=64Gi,pods=250', '--projects', '100']
        (ratio,) = plan(*args, status=1)['wanted']['remedies']['ratios']
        self.assertEqual(sorted(ratio), ['cpu_oc', 'mem_oc'])
        both = ['%s=%s' % pair for pair in ratio.items()]
        self.assertTrue(self.fits(args, *both))
        self.assertFalse(self.fits(args, both[0]))
        self.assertFalse(self.fits(args, both[1]))

    def test_on_a_cluster_in_use(self):
        args = ['--config', CONFIG, '--class', 'projects', '--projects', '60']
        remedies = plan(*args, status=1)['wanted']['remedies']
        self.assertTrue(self.fits(args, 'pods=%d' % remedies['pods']))
        self.assertFalse(self.fits(args, 'pods=%d' % (remedies['pods'] - 1)))
        self.assertTrue(self.fits(args, 'add=%d' % remedies['nodes']['more']))

    def test_nothing_helps(self):
        args = ['--requests', 'cpu=1', '--limits', 'cpu=1', '--node', 'cpu=4,memory=8Gi,taint=a:NoSchedule', '--projects', '1']
        self.assertEqual(plan(*args, status=1)['wanted']['remedies'], {'ratios': []})
        self.assertIn('no single change', podfit(*args)[1])


class WhatIf(unittest.TestCase):
    def test_every_key(self):
        args = ['--quotas', SITE, '--node', 'count=2,cpu=8,memory=32Gi', '--users', '100', '--usage', 'memory=500M', '--volume', '5Gi',
                '--price', 'cpu-hour=0.031,gb-month=0.1']
        base = plan(*args)
        for change in ('mem=4000', 'mem_oc=5', 'cpu=2', 'cpu_oc=4', 'pods=30', 'node-cpu=2', 'node-memory=4Gi', 'count=3', 'count=1', 'add=2', 'projects=7',
                       'users=7', 'users-per-pod=2', 'projects-per-user=1.5', 'users-per-hub=50', 'usage-cpu=1', 'usage-memory=1G', 'volume=9Gi',
                       'cpu-hour=1', 'memory-gb-hour=1', 'gb-month=1'):
            with self.subTest(change=change):
                status, out, err = podfit(*args, '--what-if', change, '-o', 'json')
                self.assertIn(status, (0, 1), err)
                got = json.loads(out)
                self.assertEqual(got['plan'], base, 'the first column is as without it')
                self.assertNotEqual(got['whatIf']['plan'], base)

    def test_table_has_both_columns(self):
        _, out, _ = podfit('--quotas', SITE, '--node', 'cpu=8,memory=32Gi', '--what-if', 'cpu_oc=10', '--what-if', 'pods=250')
        self.assertIn('what if cpu_oc=10 pods=250\n', out)
        self.assertRegex(out, r'pod slots +110 +110 +250 +250\n')
        self.assertRegex(out, r'requested cpu +160 +160 +80 +80\n')
        self.assertRegex(out, r'projects that fit +110 +80\n')


class Messages(unittest.TestCase):
    def test_bad_options(self):
        node = ['--node', 'cpu=1,memory=1Gi']
        site = ['--quotas', SITE]
        for args, text in [
                (site + ['--node', 'cpu=1'], "option '--node': 'memory' is missing"),
                (site + ['--node', 'count=0,cpu=1,memory=1Gi'], "option '--node': count: '0' is out of range, allowed: 1 to 20000"),
                (site + ['--node', 'count=99999999,cpu=1,memory=1Gi'], 'allowed: 1 to 20000'),
                (site + ['--node', 'cpu=1,memory=1Gi', '--node', 'name=node,cpu=1,memory=1Gi'], "the name 'node' is given to two --node"),
                (site + node + ['--kube-reserved', 'cpu=2'], 'what kubelet reserves leaves no cpu'),
                (site + node + ['--eviction-hard', 'disk=2'], "option '--eviction-hard': unknown key 'disk'"),
                (['--kube-reserved', 'cpu=2'], "need '--node'"),
                (node + ['--snapshot', 'x'], 'exclude each other'),
                (node + ['--live'], "option '--node' excludes '--kubeconfig', '--context' and '--live'"),
                (node + ['--kubeconfig', 'x'], "option '--node' excludes"),
                (['--snapshot', 'example', '--live', '--requests', 'cpu=1'], "option '--snapshot' excludes '--kubeconfig', '--context' and '--live'"),
                (node, 'nothing says what a project asks for'),
                (['--snapshot', '/nonexistent/x', '--requests', 'cpu=1'], '/nonexistent/x'),
                (['--class', 'projects'], "option '--class' needs '--config'"),
                (['--config', CONFIG], "option '--class' is missing, allowed: projects, ide, jupyterhub"),
                (['--config', CONFIG, '--class', 'x'], "option '--class': there is no 'x', allowed: projects, ide, jupyterhub"),
                (['--config', CONFIG, '--class', 'jupyterhub'] + node, 'nothing says what a project asks for'),
                (['--quotas', '{"cpu":"a"}'] + node, "option '--quotas': line 1, column"),
                (['--quotas', '{"cpuoc":1}'] + node, "option '--quotas': "),
                (['--quotas', SITE, '--projects', '0'] + node, "option '--projects': '0' is not within 1 to"),
                (['--quotas', SITE, '--projects', '5', '--users', '5', '--users-per-pod', '2'] + node, "option '--projects' says the number"),
                (['--quotas', SITE, '--users-per-pod', '2'] + node, "need '--users'"),
                (['--quotas', SITE, '--users', '5', '--users-per-pod', '0'] + node, "option '--users-per-pod': '0' is out of range, allowed: above 0"),
                (['--quotas', SITE, '--users', '5', '--users-per-pod', 'x'] + node, "option '--users-per-pod': 'x' is not a decimal number"),
                (['--quotas', SITE, '--users', '5', '--users-per-pod', '1', '--projects-per-user', '1'] + node, 'exclude each other'),
                (['--quotas', SITE, '--users', '1000000000', '--projects-per-user', '1000'] + node, 'more projects than podfit plans'),
                (['--quotas', SITE, '--usage', 'memory=-1'] + node, "option '--usage': memory: '-1' is out of range"),
                (['--quotas', SITE, '--price', 'gold=1'] + node, "option '--price': unknown key 'gold', allowed: cpu-hour"),
                (['--quotas', SITE, '--volume', '0'] + node, "option '--volume': '0' is out of range"),
                (['--quotas', SITE, '--hours-per-day', '25'] + node, 'not within 1 to 24'),
                (['--quotas', SITE, '--price', 'cpu-hour=999999999999999', '--projects', '1000000000'] + node, 'the cost is out of range'),
                (['--requests', 'cpu=1', '--price', 'cpu-hour=1'] + node, 'no CPU limit to pay for, allowed: --price-by requests'),
                (['--requests', 'memory=1Ei', '--projects', '1000000000'] + node, 'out of range'),
                (['--quotas', SITE, '--what-if', 'cpu_oc'] + node, "option '--what-if': 'cpu_oc' is not KEY=VALUE"),
                (['--quotas', SITE, '--what-if', 'cpu_oc=2', '--what-if', 'pods=5', '--what-if', 'cpu_oc=3'] + node, "option '--what-if': 'cpu_oc' is given twice"),
                (['--requests', 'cpu=2,memory=1Gi', '--limits', 'cpu=1500m'] + node, "the project requests more than its limit: cpu '2', allowed: up to '1500m'"),
                (['--quotas', SITE, '--what-if', 'cpuoc=1'] + node, "unknown key 'cpuoc', did you mean 'cpu_oc'?"),
                (['--quotas', SITE, '--what-if', 'cpu_oc=0.5'] + node, "option '--what-if': cpu_oc: "),
                (['--quotas', SITE, '--what-if', 'cpu_oc=1,"mem":1'] + node, 'is not a decimal number'),
                (['--quotas', SITE, '--what-if', 'cpuRequestToLimitPercent=5'] + node, 'the class has no percent fields'),
                (['--requests', 'cpu=1', '--what-if', 'mem=5'] + node, 'the class has no default_quotas'),
                (['--quotas', SITE, '--what-if', 'count=5'], "exactly one '--node' is needed"),
                (['--quotas', SITE, '--what-if', 'add=20000'] + node, 'allowed: 20000 in all'),
                (['--quotas', SITE, '--what-if', 'users-per-pod=2'] + node, "'--users' is needed"),
                (['-f', os.path.join(SOURCE, 'examples', 'pods', 'three-projects.yaml')] + node, 'a second pod, allowed: one'),
                (['-f', os.path.join(SOURCE, 'examples', 'pods', 'project.yaml'), '--limits', 'cpu=1'] + node, 'for a made-up pod'),
        ]:
            with self.subTest(args=args):
                status, out, err = podfit(*args)
                self.assertEqual((status, out), (2, ''), (args, out))
                self.assertIn(text, err)
                self.assertEqual(len([one for one in err.splitlines() if 'embedded example' not in one]), 1, err)

    def test_not_planned(self):
        pod = {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': 'p'},
               'spec': {'schedulerName': 'other', 'containers': [{'name': 'c', 'image': 'x'}]}}
        status, _, err = podfit('-f', '-', '--node', 'cpu=1,memory=1Gi', stdin=json.dumps(pod))
        self.assertEqual(status, 2)
        self.assertIn('cannot be planned, its verdict is notJudged', err)

    def test_hostile_class_name(self):
        config = ('apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\nclasses:\n'
                  '- {name: "a\\e[31m", defaultQuotas: {mem: 1000}}\n')
        with tempfile.NamedTemporaryFile('w', suffix='.yaml', encoding='utf8') as file:
            file.write(config)
            file.flush()
            _, out, _ = podfit('--config', file.name, '--node', 'cpu=1,memory=1Gi')
        self.assertNotIn('\x1b', out)

    def test_largest(self):
        """20,000 nodes, with a search for what would help."""
        got = plan('--quotas', SITE, '--node', 'count=20000,cpu=4,memory=16Gi,pods=10', '--projects', '300000', status=1)
        self.assertEqual((got['fits'], got['wanted']['remedies']), (200000, {'pods': 15, 'ratios': []}))


class Terminal(unittest.TestCase):
    def on_terminal(self, env):
        """@return what the program prints on a terminal of 100 columns"""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 30, 100, 0, 0))
        args = [PODFIT, 'plan', '--quotas', SITE, '--node', 'cpu=8,memory=32Gi']
        with subprocess.Popen(args, stdout=slave, stdin=slave, env=dict({'PATH': os.environ['PATH']}, **env)) as child:
            os.close(slave)
            out = b''
            while True:
                try:
                    piece = os.read(master, 65536)
                except OSError:
                    break
                if not piece:
                    break
                out += piece
            self.assertEqual(child.wait(60), 0)
        os.close(master)
        return out.decode('utf8')

    def test_bars_and_colour(self):
        blocks = self.on_terminal({'TERM': 'xterm', 'LANG': 'C.UTF-8'})
        self.assertIn('█', blocks)
        self.assertIn('\x1b[31m', blocks)
        self.assertIn('####', self.on_terminal({'TERM': 'xterm', 'LANG': 'C'}))

    def test_no_colour(self):
        plain = self.on_terminal({'TERM': 'xterm', 'LANG': 'C', 'NO_COLOR': '1'})
        self.assertNotIn('\x1b', plain)
        self.assertIn('####', plain)

    def test_plain_when_piped(self):
        _, out, _ = podfit('--quotas', SITE, '--node', 'cpu=8,memory=32Gi', env={'TERM': 'xterm', 'LANG': 'C.UTF-8'})
        self.assertTrue(out.isascii())
        self.assertNotIn('#', out)


class Living(unittest.TestCase):
    """The same cluster as a file and behind an API server: the same plan."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        node = {'kind': 'Node', 'apiVersion': 'v1', 'status': {'allocatable': {'cpu': '4', 'memory': '8Gi', 'pods': '10'}}}
        self.items = [dict(node, metadata={'name': 'n%d' % i, 'labels': {'kubernetes.io/hostname': 'n%d' % i}}) for i in range(3)]
        self.items += [{'kind': 'Namespace', 'apiVersion': 'v1', 'metadata': {'name': name}} for name in ('default', 'cocalc')]
        self.items.append({'kind': 'Pod', 'apiVersion': 'v1', 'metadata': {'name': 'busy', 'namespace': 'default'}, 'status': {'phase': 'Running'},
                           'spec': {'nodeName': 'n0', 'containers': [{'name': 'c', 'image': 'x', 'resources': {'requests': {'cpu': '3', 'memory': '1Gi'}}}]}})

    def snapshot(self):
        path = os.path.join(self.folder.name, 'cluster.json')
        with open(path, 'w', encoding='utf8') as file:
            json.dump({'apiVersion': 'v1', 'kind': 'List', 'items': self.items}, file)
        return path

    def test_as_the_snapshot(self):
        asked = [['--requests', 'cpu=500m,memory=512Mi', '--limits', 'cpu=2,memory=2Gi', '--projects', '30'],
                 ['--config', CONFIG, '--class', 'ide', '--users', '12', '--what-if', 'add=2']]
        with fake_cluster.ApiServer(self.items) as server:
            kubeconfig = fake_cluster.kubeconfig(self.folder.name, server.url)
            for options in asked:
                with self.subTest(options=options):
                    file = podfit('--snapshot', self.snapshot(), '-o', 'json', *options)
                    for source in (['--kubeconfig', kubeconfig], ['--kubeconfig', kubeconfig, '--context', 'main']):
                        live = podfit(*source, '-o', 'json', *options)
                        self.assertEqual((live[0], json.loads(live[1]), live[2]), (file[0], json.loads(file[1]), ''))
                    self.assertEqual(json.loads(file[1])['plan']['nodes']['total'], 3)

    def test_live_is_the_kubeconfig_of_kubectl(self):
        with fake_cluster.ApiServer(self.items) as server:
            kubeconfig = fake_cluster.kubeconfig(self.folder.name, server.url)
            status, out, err = podfit('--live', '--requests', 'cpu=1', env={'KUBECONFIG': kubeconfig})
        self.assertEqual((status, err), (0, ''))
        self.assertIn('3 of 3 are for it', out)

    def test_embedded_example_says_so(self):
        for options, said in (([], 'no cluster named (--node, --snapshot, --kubeconfig, --live): planning on the embedded example cluster'),
                              (['--snapshot', 'example'], '')):
            status, _, err = podfit('--requests', 'cpu=1', *options, env={'KUBERNETES_SERVICE_HOST': ''})
            self.assertEqual((status, err), (0, 'podfit: %s\n' % said if said else ''), options)

    def test_its_version_counts(self):
        """What a server of an older version would do with pod-level resources is that version's default."""
        with fake_cluster.ApiServer(self.items, minor=20) as server:
            status, out, err = podfit('--kubeconfig', fake_cluster.kubeconfig(self.folder.name, server.url), '--requests', 'cpu=1')
        self.assertEqual(status, 0)
        self.assertIn('3 of 3 are for it', out)
        self.assertIn('judging as 1.33, the oldest that is known', err)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:])
