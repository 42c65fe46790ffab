#!/usr/bin/env python3
"""newcomer_test.py PODFIT SOURCE_DIR [TEST...]: what somebody who knows kubectl and nothing of podfit does first, on a terminal and on a pipe."""
import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import unittest

import fake_cluster
from cli_case import PODFIT, Case

PATIENCE = 60
STYLE = re.compile('\x1b\\[[0-9;]*m')


def podfit(*args, stdin='', env=None):
    return subprocess.run([PODFIT, *args], input=stdin, capture_output=True, text=True, timeout=PATIENCE, env=dict(os.environ, **(env or {})), check=False)


def terminal(*args, columns=80, lines=24, slow_input=None, env=None):
    """podfit with stdout and stderr on a terminal of this size. @return (status, what it drew, styles left out)"""
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack('HHHH', lines, columns, 0, 0))
    environment = dict(os.environ, TERM='xterm', LC_ALL='C.UTF-8', **(env or {}))
    with subprocess.Popen([PODFIT, *args], stdin=subprocess.PIPE, stdout=secondary, stderr=secondary, env=environment) as run:
        os.close(secondary)
        drawn = b''
        if slow_input is not None:
            drawn += slow_input(run.stdin, primary)
        run.stdin.close()
        drawn += read_all(primary)
        status = run.wait(PATIENCE)
    os.close(primary)
    return status, STYLE.sub('', drawn.decode('utf8')).replace('\r\n', '\n')


def read_all(primary):
    drawn = b''
    while select.select([primary], [], [], PATIENCE)[0]:
        try:
            piece = os.read(primary, 65536)
        except OSError:
            break
        if not piece:
            break
        drawn += piece
    return drawn


def node(name, **allocatable):
    return {'apiVersion': 'v1', 'kind': 'Node', 'metadata': {'name': name, 'labels': {'topology.kubernetes.io/zone': 'z-1'}},
            'spec': {'taints': [{'key': 'a-key-that-is-quite-long', 'value': 'and-its-value', 'effect': 'PreferNoSchedule'}]},
            'status': {'allocatable': dict({'cpu': '4', 'memory': '8Gi', 'pods': '20'}, **allocatable)}}


def pod(name, namespace=None, **spec):
    metadata = dict({'name': name}, **({'namespace': namespace} if namespace else {}))
    return {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': metadata,
            'spec': dict({'containers': [{'name': 'main', 'image': 'x', 'resources': {'requests': {'cpu': '1'}}}]}, **spec)}


def listing(*items):
    return {'apiVersion': 'v1', 'kind': 'List', 'metadata': {'resourceVersion': '7'}, 'items': list(items)}


class Check(Case):
    def test_equal_nodes_share_a_row(self):
        snapshot = self.file('s.json', listing(*[node('n%d' % i) for i in range(12)], node('small', cpu='500m'), pod('old', 'x', nodeName='n3')))
        result = podfit('check', '--explain', '--snapshot', snapshot, '-f', '-', stdin=json.dumps(pod('p', 'x')))
        rows = [line.split(None, 5) for line in result.stdout.split('\n') if re.match(' +[0-9]+ +[ns]', line)]
        self.assertEqual(rows, [['11', 'n0', 'yes', '4', '-'], ['1', 'n3', 'yes', '3', '-'], ['1', 'small', 'no', '0', 'NodeResourcesFit', 'Insufficient cpu']])
        items = json.loads(podfit('check', '-o', 'json', '--snapshot', snapshot, '-f', '-', stdin=json.dumps(pod('p', 'x'))).stdout)['items']
        self.assertEqual(len(items[0]['nodes']), 13, 'JSON has every node')

    def test_folder(self):
        for name in ('b.yaml', 'a.json', 'readme.txt'):
            self.file(name, pod(name.split('.')[0]) if name != 'readme.txt' else 'no pod')
        result = podfit('check', '--snapshot', 'example', '-o', 'json', '-f', self.folder.name)
        self.assertEqual([item['name'] for item in json.loads(result.stdout)['items']], ['a', 'b'])

    def test_namespace_of_the_context(self):
        with fake_cluster.ApiServer(items=[node('n1')]) as server:
            path = fake_cluster.kubeconfig(self.folder.name, server.url)
            with open(path, encoding='utf8') as file:
                document = json.load(file)
            for wanted, of_context, args in [('default', None, []), ('mine', 'mine', []), ('other', 'mine', ['-n', 'other'])]:
                document['contexts'][0]['context'] = {'cluster': 'main', 'user': 'main', **({'namespace': of_context} if of_context else {})}
                self.file('kubeconfig', document)
                result = podfit('check', '--kubeconfig', path, '-o', 'json', '-f', '-', *args, stdin=json.dumps(pod('p')))
                with self.subTest(context=of_context, args=args):
                    self.assertEqual(result.stderr, '')
                    self.assertEqual(json.loads(result.stdout)['items'][0]['namespace'], wanted)


class Habits(Case):
    """What is typed by habit gets the answer or is told what to type."""

    def test_told(self):
        certs = os.path.join(self.folder.name, 'certs')
        for args, status, text in [
                (['check', 'pod.yaml'], 2, "superfluous argument 'pod.yaml', did you mean '-f pod.yaml'?"),
                (['snapshot', '--snapshot', 'example', '-o', 'yaml'], 2, "leave it out for standard output, or say './yaml'"),
                (['completion'], 2, 'SHELL is missing, allowed: bash, zsh, fish, kubectl'),
                (['config', 'explain', 'spec'], 1, "unknown key 'spec': there is no 'spec', allowed: apiVersion, kind, classes, fit"),
                (['certs', 'create', certs, '--ip', '999.1.1.1'], 2, "option '--ip': '999.1.1.1' is no IP address"),
                (['certs', 'create', certs, '--dns', '999.1.1.1'], 2, "'999.1.1.1' is neither a DNS name nor an IP address"),
                (['nodes', '--snapshot', self.file('empty.json', listing())], 0, 'there is no node')]:
            with self.subTest(args=args):
                result = podfit(*args)
                self.assertEqual(result.returncode, status)
                self.assertEqual(result.stderr.count('\n'), 1)
                self.assertIn(text, result.stderr)

    def test_nothing_reaches_a_terminal_raw(self):
        text = 'apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\n"\\e[31mx\\u009b2J": 1\nclasses: [{name: a}]\n'
        errors = podfit('config', 'check', self.file('a\x1b[31m.yaml', text)).stderr
        self.assertIn('a\\x1B[31m.yaml:3:1: ', errors)
        self.assertIn('\\xC2\\x9B2J', errors)
        self.assertNotRegex(errors, '[\x1b\x9b]')

    def test_other_names(self):
        certs = os.path.join(self.folder.name, 'certs')
        self.assertEqual(podfit('certs', 'create', certs, '--dns', 'localhost').returncode, 0)
        self.assertEqual(podfit('certs', 'inspect', certs).stdout, podfit('certs', 'show', certs).stdout)
        self.assertTrue(podfit('certs', 'rotate', certs).stdout.startswith('nothing was due'))
        again = podfit('certs', 'create', certs, '--dns', 'localhost')
        self.assertIn('there is a CA already; renewing does what is due, --force replaces it', again.stderr)


class Signals(Case):
    def test_serve_stops_while_it_reads(self):
        certs = os.path.join(self.folder.name, 'certs')
        self.assertEqual(podfit('certs', 'create', certs, '--dns', 'localhost').returncode, 0)
        primary, secondary = pty.openpty()
        args = [PODFIT, 'serve', '--cert-dir', certs, '--snapshot', '-', '--listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0']
        with subprocess.Popen(args, stdin=subprocess.PIPE, stderr=secondary, env=dict(os.environ, TERM='xterm')) as run:
            os.close(secondary)
            run.stdin.write(b'{"kind":"List","items":[')  # and no more: it goes on waiting
            run.stdin.flush()
            drawn = b''
            while b'reading ' not in drawn:
                self.assertTrue(select.select([primary], [], [], PATIENCE)[0], 'it does not read')
                drawn += os.read(primary, 65536)
            run.terminate()
            self.assertEqual(run.wait(PATIENCE), 128 + 15)
        os.close(primary)

    def test_a_snapshot_of_zeros(self):
        for path in ('/dev/zero', self.file('zeros', '\0' * 100)):
            with self.subTest(path=path):
                result = podfit('nodes', '--snapshot', path)
                self.assertEqual((result.returncode, result.stderr), (2, "podfit: cannot load snapshot '%s': it begins with a NUL byte: neither JSON nor YAML\n" % path))


class Nodes(Case):
    def test_no_line_wraps(self):
        for columns in (80, 100, 160):
            with self.subTest(columns=columns):
                status, text = terminal('nodes', '--snapshot', 'example', columns=columns)
                lines = text.strip('\n').split('\n')
                self.assertEqual(status, 0)
                self.assertLessEqual(max(map(len, lines[1:])), columns, text)
                self.assertRegex(lines[0], r'^6 nodes, 1 cordoned; cpu [0-9.]+/23\.52 \([0-9]+ %\), memory [0-9.]+Gi/72Gi \([0-9]+ %\), pods 30/480$')
                self.assertIn('█', text, 'bars')

    def test_wide_cuts_nothing(self):
        snapshot = self.file('s.json', listing(node('n1', **{'nvidia.com/gpu': '2', 'ephemeral-storage': '10Gi'})))
        _, text = terminal('nodes', '--snapshot', snapshot, '-o', 'wide', columns=40)
        for part in ('STORAGE', '0/10Gi', 'OTHERS', 'nvidia.com/gpu 0/2', 'ZONE', 'z-1', 'a-key-that-is-quite-long=and-its-value:PreferNoSchedule'):
            self.assertIn(part, text)
        item = json.loads(podfit('nodes', '--snapshot', snapshot, '-o', 'json').stdout)['items'][0]
        self.assertEqual((item['zone'], item['others'], item['podsHeld']), ('z-1', [{'resource': 'nvidia.com/gpu', 'used': 0, 'allocatable': 2}], 0))

    def test_named_ones(self):
        result = podfit('nodes', '--snapshot', 'example', 'services-1', 'projects-0')
        self.assertEqual([line.split()[0] for line in result.stdout.split('\n')[1:-1]], ['projects-0', 'services-1'])
        result = podfit('nodes', '--snapshot', 'example', 'projects-0', 'absent')
        self.assertEqual((result.returncode, result.stdout, result.stderr), (2, '', "podfit: there is no node 'absent'\n"))

    def test_piped_is_plain(self):
        out = podfit('nodes', '--snapshot', 'example').stdout
        self.assertTrue(out.startswith('NODE '), 'a table for awk: no sums, no bars, nothing cut')
        self.assertNotRegex(out, '[█▏~\x1b]')


class Progress(Case):
    """A list that comes in two pieces, the second only once podfit has told how far it is: what it tells cannot be missed."""

    def slowly(self, stdin, primary):
        text = json.dumps(listing(*[node('n%d' % i) for i in range(500)])).encode()
        stdin.write(text[:-10])
        stdin.flush()
        drawn = b''
        while b'nodes' not in drawn:
            self.assertTrue(select.select([primary], [], [], PATIENCE)[0], 'no progress was shown')
            drawn += os.read(primary, 65536)
        stdin.write(text[-10:])
        return drawn

    def test_shown_and_wiped(self):
        status, text = terminal('nodes', '--snapshot', '-', slow_input=self.slowly)
        self.assertEqual(status, 0, text)
        self.assertRegex(text, r'\r\x1b\[Kreading standard input: [0-9]+ nodes, 0 pods so far')
        self.assertRegex(text, r'\r\x1b\[K500 nodes; ', 'wiped before the table')

    def test_not_on_a_pipe(self):
        snapshot = self.file('s.json', listing(*[node('n%d' % i) for i in range(50)]))
        self.assertEqual(podfit('nodes', '--snapshot', snapshot).stderr, '')


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:])
