#!/usr/bin/env python3
"""distress_test.py PODFIT SOURCE_DIR [TEST...]: what commands say when the cluster, its kubeconfig or the terminal is not there or hostile: one line that names
what and where, the right exit status, at once, and never a signal."""
import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import fake_cluster

PODFIT = os.path.abspath(sys.argv[1])
SOURCE = os.path.abspath(sys.argv[2])
POD = os.path.join(SOURCE, 'examples', 'pods', 'project.yaml')
REVIEW = os.path.join(SOURCE, 'examples', 'reviews', '06-wrong-selector.json')
# A sanitizer makes everything several times slower.
PATIENCE_S = 60
LISTING = {'check': ['check', '-f', POD], 'plan': ['plan', '--requests', 'cpu=1'], 'nodes': ['nodes'], 'snapshot': ['snapshot']}
STARTING = dict(LISTING, **{'nodes --watch': ['nodes', '--watch']})
ITEMS = [{'kind': 'Node', 'apiVersion': 'v1', 'metadata': {'name': 'n1'}, 'status': {'allocatable': {'cpu': '4', 'memory': '8Gi', 'pods': '10'}}},
         {'kind': 'Namespace', 'apiVersion': 'v1', 'metadata': {'name': 'default'}}]
FORBIDDEN = 'User "x" cannot list resource "%s" in API group "" at the cluster scope'
GRANT = "nothing is judged without it: grant 'list' and 'watch' on %s (see manifests/base)"


def podfit(*args, env=None, **how):
    return subprocess.run([PODFIT] + list(args), capture_output=True, timeout=PATIENCE_S, check=False, text=True,
                          env=dict(os.environ, KUBERNETES_SERVICE_HOST='', PF_LOG='', **(env or {})), **how)


def refuse(code, reason, message=''):
    return code, fake_cluster.status(code, reason, message)


def forbid(resource):
    return refuse(403, 'Forbidden', '%s is forbidden: %s' % (resource, FORBIDDEN % resource))


def free_port():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, 'wb') as file:
            file.write(content)
        return path

    def assert_refused(self, run, *parts):
        self.assertEqual(run.returncode, 2, run)
        if run.stdout:  # part of a snapshot, which nobody can take for a whole one
            self.assertTrue(run.stdout.startswith('{"apiVersion":"v1","kind":"List","items":['), run)
            self.assertRaises(ValueError, json.loads, run.stdout)
        self.assertTrue(run.stderr.startswith('podfit: '), run.stderr)
        self.assertEqual(run.stderr.count('\n'), 1, 'one line: %r' % run.stderr)
        self.assertNotIn('secret-of-the-test', run.stderr)
        for part in parts:
            self.assertIn(part, run.stderr)

    def assert_commands_refuse(self, options, *parts, env=None):
        for name, words in STARTING.items():
            with self.subTest(command=name, options=options):
                self.assert_refused(podfit(*words, *options, env=env), *parts)


class Server(Case):
    """Commands that list a cluster once."""

    def test_is_not_there(self):
        url = 'http://127.0.0.1:%d' % free_port()
        self.assert_commands_refuse(['--kubeconfig', fake_cluster.kubeconfig(self.folder, url)],
                                    "cannot reach %s: connection refused" % url, "server of the context 'main' of kubeconfig '")

    def test_has_no_name(self):
        self.assert_commands_refuse(['--kubeconfig', fake_cluster.kubeconfig(self.folder, 'https://no-such-host.invalid:6443')],
                                    'its name cannot be resolved')

    def test_refuses(self):
        rows = [
            ('credential', {'*': refuse(401, 'Unauthorized', 'Unauthorized')}, ["unauthorized: 'http://", "does not accept the credential of the context 'main'"]),
            ('nodes', {'/api/v1/nodes': forbid('nodes')}, ['cannot list nodes: forbidden: ' + FORBIDDEN % 'nodes']),
            ('pods', {'/api/v1/pods': forbid('pods')}, ['cannot list pods: forbidden: ' + FORBIDDEN % 'pods']),
            ('namespaces', {'/api/v1/namespaces': forbid('namespaces')}, ['cannot list namespaces: forbidden: ']),
            ('credential later', {'/api/v1/pods': refuse(401, 'Unauthorized', 'Unauthorized')}, ['cannot list pods: unauthorized: ']),
            ('no pods', {'/api/v1/pods': (404, b'404 page not found')}, ['pods']),
            ('another server', {'*': (200, b'<html>sign in, please</html>')}, ['what answers gives no version of an API server']),
        ]
        for name, refused, parts in rows:
            with self.subTest(name), fake_cluster.ApiServer(ITEMS, refused=refused) as server:
                self.assert_commands_refuse(['--kubeconfig', fake_cluster.kubeconfig(self.folder, server.url)], "the cluster at '%s'" % server.url, *parts)

    def test_says_what_to_grant(self):
        with fake_cluster.ApiServer(ITEMS, refused={'/api/v1/pods': forbid('pods')}) as server:
            for name in ('check', 'plan', 'nodes', 'nodes --watch'):
                self.assert_refused(podfit(*STARTING[name], '--kubeconfig', fake_cluster.kubeconfig(self.folder, server.url)), GRANT % 'pods')

    def test_forbids_everything(self):
        """The version may be guessed, which is said; the nodes may not."""
        with fake_cluster.ApiServer(ITEMS, refused={'*': forbid('nodes')}) as server:
            run = podfit(*LISTING['check'], '--kubeconfig', fake_cluster.kubeconfig(self.folder, server.url))
        self.assertEqual((run.returncode, run.stdout, run.stderr.count('\n')), (2, '', 2), run.stderr)
        self.assertIn("warning live: cannot get the API server's version: forbidden: ", run.stderr)
        self.assertIn('nothing is judged without it: grant ', run.stderr)

    def test_forbids_what_can_be_missed(self):
        with fake_cluster.ApiServer(ITEMS, refused={'/apis/storage.k8s.io/v1/csinodes': forbid('csinodes')}) as server:
            kubeconfig = fake_cluster.kubeconfig(self.folder, server.url)
            for name, words in LISTING.items():
                run = podfit(*words, '--kubeconfig', kubeconfig)
                self.assertIn(run.returncode, (0, 1), name)
                self.assertNotEqual(run.stdout, '', name)
                end = 'left out' if name == 'snapshot' else 'verdicts that need it are unknown'
                self.assertEqual(run.stderr, 'podfit: cannot list csinodes: forbidden: %s; %s\n' % (FORBIDDEN % 'csinodes', end), name)

    def test_busy_for_a_moment(self):
        with fake_cluster.ApiServer(ITEMS, refused={'/version': refuse(503, 'ServiceUnavailable', 'starting')}, patience=2) as server:
            run = podfit(*LISTING['plan'], '--kubeconfig', fake_cluster.kubeconfig(self.folder, server.url))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn('starting; trying on', run.stderr)

    def test_certificates(self):
        own, other = (fake_cluster.certificates(self.folder, name) for name in ('own', 'other'))
        with fake_cluster.ApiServer(ITEMS, tls=own) as server:
            named = server.url.replace('127.0.0.1', 'localhost')
            rows = [
                (server.url, {'certificate-authority': other[0]}, ['its certificate is not accepted', "it was checked against '%s'" % other[0]]),
                (server.url, {}, ['its certificate is not accepted', 'it was checked against the trust store of this system']),
                (named, {'certificate-authority': own[0]}, ['its certificate is not accepted', "matches target host name 'localhost'"]),
                (server.url, {'certificate-authority': '/nonexistent/ca'}, ["cannot open '/nonexistent/ca': No such file or directory"]),
                (server.url, {'certificate-authority': own[1]}, ["kubeconfig '"]),
                (server.url, {'certificate-authority-data': '!'}, ['certificate-authority-data']),
                (server.url.replace('https', 'http'), {}, ['cannot reach http://']),
            ]
            for url, cluster, parts in rows:
                self.assert_commands_refuse(['--kubeconfig', fake_cluster.kubeconfig(self.folder, url, **cluster)], *parts)
            run = podfit(*LISTING['plan'], '--kubeconfig', fake_cluster.kubeconfig(self.folder, server.url, **{'certificate-authority': own[0]}))
            self.assertEqual((run.returncode, run.stderr), (0, ''))
        with fake_cluster.ApiServer(ITEMS) as server:
            url = server.url.replace('http', 'https')
            self.assert_commands_refuse(['--kubeconfig', fake_cluster.kubeconfig(self.folder, url)], 'the TLS handshake failed')


class Kubeconfig(Case):
    def test_files(self):
        rows = [
            ('/nonexistent/kubeconfig', ["cannot open '/nonexistent/kubeconfig': No such file or directory"]),
            (self.folder, ['Is a directory']),
            (self.file('empty', b''), ['has no current-context; choose one with --context']),
            (self.file('broken', b'apiVersion: v1\nclusters: [\n- }'), ['broken:3:1: ']),
            (self.file('binary', bytes(range(256)) * 8), ['binary:1:']),
            (self.file('list', b'[1, 2]'), ['list']),
            (self.file('deep', b'{"a":' * 5000), ['deep']),
            (self.file('hostile', b'current-context: "\\e[31mred\\r\\n"\n'), ['no context']),
        ]
        for path, parts in rows:
            self.assert_commands_refuse(['--kubeconfig', path], *parts)
            with self.subTest(serve=path):
                self.assert_refused(podfit('serve', '--kubeconfig', path, '--cert-dir', '/nonexistent'), *parts)

    def test_contexts(self):
        kubeconfig = fake_cluster.kubeconfig(self.folder, 'http://127.0.0.1:9')
        self.assert_commands_refuse(['--kubeconfig', kubeconfig, '--context', 'staging'], "no context 'staging' in kubeconfig '", "there are 'main'")

    def test_none(self):
        home = {'HOME': self.folder, 'KUBECONFIG': ''}
        self.assert_commands_refuse(['--live'], "cannot open '%s/.kube/config'" % self.folder, env=home)
        self.assert_refused(podfit(*LISTING['check'], env=home), 'no cluster to look at (--snapshot FILE, or --snapshot example for the embedded one): cannot open')
        self.assert_commands_refuse(['--live'], 'none of the files that KUBECONFIG lists exists', env=dict(home, KUBECONFIG='/nonexistent/a:/nonexistent/b'))

    def test_credential_plugins(self):
        def exec_user(command, *args):
            return {'exec': {'apiVersion': 'client.authentication.k8s.io/v1', 'command': command, 'args': list(args), 'interactiveMode': 'Never'}}
        for user, part in ((exec_user('no-such-plugin'), "the credential plug-in 'no-such-plugin' is not there"),
                           (exec_user('/bin/sh', '-c', 'echo cannot log in >&2; exit 3'), "'/bin/sh'"),
                           (exec_user('/bin/sh', '-c', 'echo nonsense'), "'/bin/sh'"),
                           (exec_user('/bin/sh', '-c', 'kill -9 $$'), "'/bin/sh'")):
            kubeconfig = fake_cluster.kubeconfig(self.folder, 'http://127.0.0.1:9', user=user)
            for name, words in STARTING.items():
                run = podfit(*words, '--kubeconfig', kubeconfig)
                self.assertEqual((run.returncode, run.stdout), (2, ''), name)
                self.assertIn(part, run.stderr.split('\n')[-2])

    def test_log_variable(self):
        kubeconfig = fake_cluster.kubeconfig(self.folder, 'http://127.0.0.1:9')
        run = subprocess.run([PODFIT] + LISTING['plan'] + ['--kubeconfig', kubeconfig], capture_output=True, timeout=PATIENCE_S, check=False, text=True,
                             env=dict(os.environ, PF_LOG='loud'))
        self.assert_refused(run, "variable 'PF_LOG': log level 'loud' is not one of error, warning, info, debug")


class Output(Case):
    """Standard output that nobody reads, that is full, that is closed."""
    WORDS = {
        'check': ['check', '--snapshot', 'example', '--explain', '-f', POD],
        'check -o json': ['check', '--snapshot', 'example', '-o', 'json'] + ['-f', POD] * 60,
        'plan': ['plan', '--snapshot', 'example', '--requests', 'cpu=1'],
        'config show': ['config', 'show'],
        'nodes': ['nodes', '--snapshot', 'example'],
        'help': ['help'],
        'version': ['version'],
    }

    def each(self, stdout, **how):
        for name, words in self.WORDS.items():
            yield name, subprocess.run([PODFIT] + words, stdout=stdout, stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False, text=True, **how)

    def test_pipes_are_written_into(self):
        """And not replaced by a file."""
        listing = self.file('list.json', b'{"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "5"}, "items": []}')
        pipe = os.path.join(self.folder, 'pipe')
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.assertEqual(podfit('snapshot', '--snapshot', listing, '-o', pipe).returncode, 0)
        self.assertIn(b'"kind":"List"', os.read(reader, 4096))
        os.close(reader)
        self.assertTrue(stat.S_ISFIFO(os.stat(pipe).st_mode))

    def test_reader_has_seen_enough(self):
        """As any tool: silently, with SIGPIPE; a caller that ignores it is told."""
        reader, writer = os.pipe()
        os.close(reader)
        try:
            for name, run in self.each(writer):
                self.assertEqual((run.returncode, run.stderr), (-signal.SIGPIPE, ''), name)
            for name, run in self.each(writer, restore_signals=False):
                self.assertEqual((run.returncode, run.stderr), (2, 'podfit: cannot write to standard output: Broken pipe\n'), name)
        finally:
            os.close(writer)

    def test_first_line_arrives(self):
        run = subprocess.run(['/bin/bash', '-o', 'pipefail', '-c', '"$0" check --snapshot example --explain -f "$1" | head -1', PODFIT, POD], capture_output=True,
                             timeout=PATIENCE_S, check=False, text=True)
        self.assertIn(run.returncode, (0, 1, 128 + signal.SIGPIPE))
        self.assertEqual((run.stdout.count('\n'), run.stderr), (1, ''))

    def test_full(self):
        with open('/dev/full', 'w', encoding='utf8') as full:
            for name, run in self.each(full):
                self.assertEqual((run.returncode, run.stderr), (2, 'podfit: cannot write to standard output: No space left on device\n'), name)

    def test_closed(self):
        """No file and no socket takes the place of a closed standard output."""
        victim = self.file('pod.json', b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"x"}]}}')
        before = os.stat(victim)
        for closing in ('>&-', '<&- >&-', '>&- 2>&-', '<&- >&- 2>&-'):
            run = subprocess.run(['/bin/sh', '-c', 'exec "$0" check --snapshot example -f "$1" ' + closing, PODFIT, victim], capture_output=True, timeout=PATIENCE_S,
                                 check=False, text=True)
            self.assertEqual((run.returncode, run.stdout), (2, ''), closing)
            said = '' if '2>&-' in closing else 'podfit: cannot write to standard output: Bad file descriptor\n'
            self.assertEqual(run.stderr, said, closing)
        self.assertEqual(os.stat(victim).st_mtime_ns, before.st_mtime_ns)
        with fake_cluster.ApiServer(ITEMS) as server:
            run = subprocess.run(['/bin/sh', '-c', 'exec "$0" plan --requests cpu=1 --kubeconfig "$1" <&- >&-', PODFIT, fake_cluster.kubeconfig(self.folder, server.url)],
                                 capture_output=True, timeout=PATIENCE_S, check=False, text=True)
            self.assertEqual(run.returncode, 2, run.stderr)
            self.assertFalse([line for line in server.asked if not line.startswith('GET /')], server.asked)


class Interrupted(Case):
    def test_nothing_is_left_of_a_snapshot(self):
        """The server takes the connection and says nothing; Ctrl-C, or worse."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            with self.subTest(signal=number), socket.create_server(('127.0.0.1', 0)) as listener:
                listener.settimeout(PATIENCE_S)
                kubeconfig = fake_cluster.kubeconfig(self.folder, 'http://127.0.0.1:%d' % listener.getsockname()[1])
                run = subprocess.Popen([PODFIT, 'snapshot', '-o', os.path.join(self.folder, 'saved.json'), '--kubeconfig', kubeconfig], stderr=subprocess.DEVNULL)
                connection, _ = listener.accept()
                run.send_signal(number)
                self.assertEqual(run.wait(PATIENCE_S), -number)
                connection.close()
                self.assertEqual(os.listdir(self.folder), ['kubeconfig'])

    def test_while_listing(self):
        """Ctrl-C while an API server says nothing: the end, at once, by that signal."""
        with socket.create_server(('127.0.0.1', 0)) as silent:
            kubeconfig = fake_cluster.kubeconfig(self.folder, 'http://127.0.0.1:%d' % silent.getsockname()[1])
            for name, words in STARTING.items():
                with self.subTest(name), subprocess.Popen([PODFIT] + words + ['--kubeconfig', kubeconfig], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                    connection, _ = silent.accept()
                    process.send_signal(signal.SIGINT)
                    out, err = process.communicate(timeout=PATIENCE_S)
                    connection.close()
                    self.assertEqual((process.returncode, out, err), (-signal.SIGINT, b'', b''))

    def test_while_watching(self):
        """Ctrl-C ends `nodes --watch`; so does a reader that went away, and each picture arrives when it is drawn."""
        with fake_cluster.ApiServer(ITEMS) as server:
            words = [PODFIT, 'nodes', '--watch', '--kubeconfig', fake_cluster.kubeconfig(self.folder, server.url)]
            for how, status in (('interrupt', -signal.SIGINT), ('close', -signal.SIGPIPE)):
                with self.subTest(how), subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                    self.assertTrue(process.stdout.readline().startswith(b'NODE'))
                    self.assertTrue(process.stdout.readline().startswith(b'n1'))
                    if how == 'interrupt':
                        process.send_signal(signal.SIGINT)
                    else:
                        process.stdout.close()
                    self.assertEqual((process.wait(PATIENCE_S), process.stderr.read()), (status, b''))

    def test_server_goes_away_while_watching(self):
        """What is known stays on the screen; nothing ends, nothing is printed over it."""
        with fake_cluster.ApiServer(ITEMS) as server:
            words = [PODFIT, 'nodes', '--watch', '--kubeconfig', fake_cluster.kubeconfig(self.folder, server.url)]
            with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                self.assertTrue(process.stdout.readline().startswith(b'NODE'))
                server.ended.set()
                server.shutdown()
                server.server_close()
                seen = [process.stdout.readline()[:4] for _ in range(5)]
                self.assertEqual(seen, [b'n1  ', b'NODE'] * 2 + [b'n1  '])
                process.send_signal(signal.SIGINT)
                self.assertEqual((process.wait(PATIENCE_S), process.stderr.read()), (-signal.SIGINT, b''))


class Serving(Case):
    """podfit serve never gives up on a cluster, but says what is wrong and stops when it is told."""

    def setUp(self):
        super().setUp()
        certs = os.path.join(self.folder, 'certs')
        subprocess.run([PODFIT, 'certs', 'create', certs, '--dns', 'localhost'], check=True, capture_output=True, timeout=PATIENCE_S)
        self.words = [PODFIT, 'serve', '--cert-dir', certs, '--listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0', '--shutdown-delay', '0s',
                      '--port-file', os.path.join(self.folder, 'ports')]

    @contextlib.contextmanager
    def serving(self, *options):
        ports = os.path.join(self.folder, 'ports')
        with contextlib.suppress(FileNotFoundError):
            os.unlink(ports)
        log_path = os.path.join(self.folder, 'log')
        with open(log_path, 'wb') as log, subprocess.Popen(self.words + list(options), stdout=log, stderr=log) as process:
            try:
                self.until(lambda: os.path.exists(ports) or process.poll() is not None)
                self.assertIsNone(process.poll(), self.log())
                with open(ports, encoding='utf8') as file:
                    yield int(file.read().split()[1])
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(PATIENCE_S), 0, self.log())
            finally:
                process.kill()

    def log(self):
        with open(os.path.join(self.folder, 'log'), encoding='utf8') as file:
            return file.read()

    @staticmethod
    def until(condition):
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, 'it did not come'
            time.sleep(0.02)

    @staticmethod
    def ready(port):
        try:
            with urllib.request.urlopen('http://127.0.0.1:%d/readyz?verbose' % port, timeout=PATIENCE_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def warnings(self, said):
        lines = [json.loads(line) for line in self.log().splitlines()]
        return [line for line in lines if said in line['msg'] and line['level'] == 'warning']

    @staticmethod
    def metric(port, name):
        with urllib.request.urlopen('http://127.0.0.1:%s/metrics' % port, timeout=PATIENCE_S) as answer:
            found = [line.split(' ')[1] for line in answer.read().decode().split('\n') if line.startswith(name + ' ')]
        assert len(found) == 1, name
        return float(found[0])

    def assert_not_ready(self, kubeconfig, said):
        with self.serving('--kubeconfig', kubeconfig) as port:
            self.until(lambda: said in self.ready(port)[1])
            self.assertEqual(self.ready(port)[0], 503)
            self.until(lambda: self.warnings(said))
        self.assertEqual(len(self.warnings(said)), 1, 'told once: %s' % self.log())
        self.assertNotIn('secret-of-the-test', self.log())

    def test_not_there(self):
        self.assert_not_ready(fake_cluster.kubeconfig(self.folder, 'http://127.0.0.1:%d' % free_port()), 'connection refused')

    def test_refuses(self):
        for refused, said in (({'*': refuse(401, 'Unauthorized', 'Unauthorized')}, 'does not accept the credential'),
                              ({'/api/v1/pods': forbid('pods')}, 'cannot list pods: forbidden: ' + FORBIDDEN % 'pods')):
            with self.subTest(said), fake_cluster.ApiServer(ITEMS, refused=refused) as server:
                self.assert_not_ready(fake_cluster.kubeconfig(self.folder, server.url), said)

    def test_wrong_authority(self):
        own, other = (fake_cluster.certificates(self.folder, name) for name in ('own', 'other'))
        with fake_cluster.ApiServer(ITEMS, tls=own) as server:
            self.assert_not_ready(fake_cluster.kubeconfig(self.folder, server.url, **{'certificate-authority': other[0]}), 'its certificate is not accepted')

    def test_comes_back(self):
        with fake_cluster.ApiServer(ITEMS, refused={'/version': refuse(503, 'ServiceUnavailable', 'starting')}, patience=2) as server:
            with self.serving('--kubeconfig', fake_cluster.kubeconfig(self.folder, server.url)) as port:
                self.until(lambda: self.ready(port)[0] == 200)

    def test_audit_log_nobody_reads(self):
        """Standard output is a closed pipe: reviews are answered and the loss is told; no signal ends the webhook."""
        reader, writer = os.pipe()
        os.close(reader)
        ports = os.path.join(self.folder, 'ports')
        words = self.words + ['--snapshot', 'example', '--audit-log', '-']
        try:
            with subprocess.Popen(words, stdout=writer, stderr=subprocess.PIPE) as process:
                try:
                    self.until(lambda: os.path.exists(ports) or process.poll() is not None)
                    with open(ports, encoding='utf8') as file:
                        port, ops = file.read().split()
                    for _ in range(3):
                        answer = subprocess.run(['curl', '-sS', '--max-time', '20', '--cacert', os.path.join(self.folder, 'certs', 'ca.crt'), '--resolve',
                                                 'localhost:%s:127.0.0.1' % port, '-H', 'Content-Type: application/json', '--data-binary', '@' + REVIEW,
                                                 'https://localhost:%s/mutate' % port], capture_output=True, timeout=PATIENCE_S, check=False)
                        self.assertIn('response', json.loads(answer.stdout), answer)
                    self.until(lambda: self.metric(ops, 'podfit_audit_records_total{result="failed"}') > 0)
                    process.send_signal(signal.SIGTERM)
                    _, err = process.communicate(timeout=PATIENCE_S)
                    self.assertEqual(process.returncode, 0, err)
                finally:
                    process.kill()
        finally:
            os.close(writer)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:])
