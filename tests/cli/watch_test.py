#!/usr/bin/env python3
"""watch_test.py PODFIT: `podfit nodes --watch` on a terminal and on a pipe, against a small API server on loopback."""
import http.server
import json
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PODFIT = os.path.abspath(sys.argv[1])
PATIENCE = 60
CLEAR = '\x1b[H\x1b[2J'


def node(name, version, **spec):
    return {'metadata': {'name': name, 'resourceVersion': str(version), 'labels': {'kubernetes.io/hostname': name}}, 'spec': spec,
            'status': {'allocatable': {'cpu': '4', 'memory': '8Gi', 'pods': '20'}}}


def event(kind, obj):
    return json.dumps({'type': kind, 'object': obj}).encode() + b'\n'


class Cluster(http.server.ThreadingHTTPServer):
    """One node; every other resource is empty. What is sent() goes to whoever watches nodes."""
    daemon_threads = True

    def __init__(self):
        super().__init__(('127.0.0.1', 0), Handler)
        self.changed = threading.Condition()
        self.events = [event('ADDED', node('first', 5)),
                       event('BOOKMARK', {'metadata': {'resourceVersion': '10', 'annotations': {'k8s.io/initial-events-end': 'true'}}})]
        self.over = False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def send(self, kind, obj):
        with self.changed:
            self.events.append(event(kind, obj))
            self.changed.notify_all()

    def end(self):
        with self.changed:
            self.over = True
            self.changed.notify_all()
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def chunk(self, data):
        self.wfile.write(b'%x\r\n%s\r\n' % (len(data), data))

    def stream(self, sent):
        while not self.server.over:
            while sent < len(self.server.events):
                self.chunk(self.server.events[sent])
                sent += 1
            with self.server.changed:
                if not self.server.over and sent == len(self.server.events):
                    self.server.changed.wait()

    def do_GET(self):
        self.send_response(200)
        if self.path == '/version' or 'limit=1' in self.path:
            body = json.dumps({'major': '1', 'minor': '36', 'metadata': {'resourceVersion': '10'}, 'items': []}).encode()
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()
        try:
            if self.path.startswith('/api/v1/nodes?'):
                self.stream(0)
                return
            self.chunk(self.server.events[1])
            with self.server.changed:
                self.server.changed.wait_for(lambda: self.server.over)
        except OSError:
            self.close_connection = True


class Watch(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster()
        self.addCleanup(self.cluster.end)
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.kubeconfig = os.path.join(self.folder.name, 'kubeconfig')
        with open(self.kubeconfig, 'w', encoding='utf8') as file:
            json.dump({'apiVersion': 'v1', 'kind': 'Config', 'current-context': 'a',
                       'clusters': [{'name': 'a', 'cluster': {'server': 'http://127.0.0.1:%d' % self.cluster.server_port}}],
                       'users': [{'name': 'a', 'user': {}}], 'contexts': [{'name': 'a', 'context': {'cluster': 'a', 'user': 'a'}}]}, file)

    def start(self, terminal, **env):
        """@return process and the descriptor of its output"""
        master, slave = pty.openpty() if terminal else os.pipe()
        environment = {key: value for key, value in os.environ.items() if key != 'NO_COLOR'}
        process = subprocess.Popen([PODFIT, 'nodes', '--watch', '--kubeconfig', self.kubeconfig], stdin=subprocess.DEVNULL, stdout=slave,
                                   stderr=subprocess.PIPE, env=dict(environment, TERM='xterm', **env))
        os.close(slave)
        self.addCleanup(os.close, master)
        self.addCleanup(self.end, process)
        return process, master

    def end(self, process):
        process.kill()
        process.wait()
        process.stderr.close()

    def read_until(self, output, wanted):
        """Output up to where it satisfies the condition."""
        text = ''
        until = time.monotonic() + PATIENCE
        while not wanted(text):
            self.assertLess(time.monotonic(), until, text)
            if select.select([output], [], [], 1)[0]:
                text += os.read(output, 65536).decode('utf8')
        return text

    def test_it_draws_again_and_shows_what_changes(self):
        process, output = self.start(terminal=True)
        text = self.read_until(output, lambda text: text.count(CLEAR) >= 2 and 'first' in text.split(CLEAR)[-1])
        self.assertTrue(text.startswith(CLEAR), text)
        self.assertNotIn('second', text)
        self.cluster.send('ADDED', node('second', 11))
        self.read_until(output, lambda text: 'second' in text)
        self.cluster.send('DELETED', node('first', 12))
        self.read_until(output, lambda text: text.count(CLEAR) >= 2 and 'second' in text.split(CLEAR)[-2] and 'first' not in text.split(CLEAR)[-2])
        self.assertIsNone(process.poll())

    def test_a_signal_ends_it(self):
        for sign in (signal.SIGINT, signal.SIGTERM):
            process, output = self.start(terminal=True)
            self.read_until(output, lambda text: 'first' in text)
            process.send_signal(sign)
            self.assertIn(process.wait(PATIENCE), (-sign, 128 + sign))
            self.assertEqual(process.stderr.read(), b'')

    def test_without_colour(self):
        _, output = self.start(terminal=True, NO_COLOR='1')
        text = self.read_until(output, lambda text: 'first' in text and text.count(CLEAR) >= 2)
        self.assertNotIn('\x1b', text.replace(CLEAR, ''))

    def test_on_a_pipe_nothing_moves_the_cursor(self):
        _, output = self.start(terminal=False)
        text = self.read_until(output, lambda text: text.count('first') >= 2)
        self.assertNotIn('\x1b', text)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
