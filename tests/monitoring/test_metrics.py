"""/metrics of running servers against docs/METRICS.md and promtool. `test_metrics.py --update` writes the page's table anew."""
import http.server
import json
import os
import re
import sys
import threading
import time
import unittest

import monitoring

sys.path.insert(0, os.path.join(monitoring.ROOT, 'tests', 'e2e'))
import harness  # noqa: E402

# One class that acts and one that only observes, so that every family of reviews has a sample.
CONFIG = '''apiVersion: config.podfit.io/v1
kind: PodfitConfiguration
classes:
- name: projects
  match: {namespaces: [cocalc]}
  requests: keep
  onNever: reject
  onFull: reject
- name: watched
  match: {namespaces: [watched]}
  requests: keep
  observe: true
'''
KUBECONFIG = {'apiVersion': 'v1', 'kind': 'Config', 'contexts': [{'name': 'x', 'context': {'cluster': 'x', 'user': 'x'}}], 'current-context': 'x',
              'users': [{'name': 'x', 'user': {'token': 'x'}}]}
VERSION = {'major': '1', 'minor': '33', 'gitVersion': 'v1.33.0'}
BEGIN, END = '<!-- metrics:begin -->\n', '<!-- metrics:end -->\n'


class Cluster(http.server.BaseHTTPRequestHandler):
    """An API server that tells its version and has nothing else: every kind is followed, and fails."""

    def do_GET(self):
        known = self.path == '/version'
        body = json.dumps(VERSION if known else {}).encode()
        self.send_response(200 if known else 503)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        try:
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:
            pass  # podfit was ended meanwhile

    def log_message(self, *_):
        pass


class Live(harness.Podfit):
    def __init__(self, server, **options):
        self.server = server
        super().__init__(**options)

    def source(self):
        cluster = {'name': 'x', 'cluster': {'server': self.server}}
        self.write('kubeconfig', json.dumps({**KUBECONFIG, 'clusters': [cluster]}))
        return ['--kubeconfig', self.path('kubeconfig')]

    def certificates(self):
        return ['--webhook-configuration', 'podfit', '--cert-secret', 'default/podfit', '--service', 'localhost']


def snapshot_text():
    """Traffic of every kind, then the text."""
    podfit = harness.Podfit(config_text=CONFIG)
    try:
        podfit.post(harness.review(1))
        podfit.post(harness.review(2, cpu='500'))
        podfit.post(harness.review(3, namespace='watched'))
        podfit.post(harness.review(4, namespace='elsewhere'))
        podfit.post(b'hello')
        return podfit.ops('/metrics')[1]
    finally:
        podfit.remove()


def live_text():
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Cluster) as cluster:
        threading.Thread(target=cluster.serve_forever, daemon=True).start()
        podfit = Live('http://127.0.0.1:%d' % cluster.server_port, config_text=CONFIG)
        try:
            podfit.wait_for(lambda: 'podfit_watch_synced{' in podfit.ops('/metrics')[1], 'the kinds that are followed')
            return podfit.ops('/metrics')[1]
        finally:
            podfit.remove()
            cluster.shutdown()


def families(text):
    """{name: [type, labels in order, meaning]} of an exposition."""
    found = {}
    for name, meaning in re.findall(r'^# HELP (\S+) (.*)$', text, re.M):
        found[name] = ['', (), meaning]
    for name, kind in re.findall(r'^# TYPE (\S+) (\S+)$', text, re.M):
        found[name][0] = kind
    for name, labels in re.findall(r'^([a-z_]+)\{(.*)\} ', text, re.M):
        base = name if name in found else monitoring.family(name)
        names = tuple(label for label in re.findall(r'([a-z_]+)="', labels) if label != 'le')
        found[base][1] = names
    return found


class Texts:
    each = ()

    @classmethod
    def get(cls):
        if not cls.each:
            cls.each = (snapshot_text(), live_text())
        return cls.each

    @classmethod
    def families(cls):
        first, second = (families(text) for text in cls.get())
        for name, row in second.items():
            if name not in first or (row[1] and not first[name][1]):
                first[name] = row
        return first


class Metrics(unittest.TestCase):
    def test_promtool_has_no_complaint(self):
        for text in Texts.get():
            code, out = monitoring.promtool('check', 'metrics', input=text)
            self.assertEqual((code, out), (0, ''))

    def test_the_page_is_what_is_served(self):
        live, page = Texts.families(), monitoring.documented()
        self.assertEqual(sorted(set(live) - set(page)), [], 'docs/METRICS.md lacks them: test_metrics.py --update')
        self.assertEqual(sorted(set(page) - set(live)), [], 'docs/METRICS.md has more than there is')
        for name, (kind, labels, meaning) in live.items():
            with self.subTest(name):
                self.assertEqual((kind, meaning), (page[name][0], page[name][2]))
                if labels:
                    self.assertEqual(labels, page[name][1])

    def test_names(self):
        """Prometheus: counters end in _total, times are seconds, sizes bytes, and the program's name comes first."""
        for name, (kind, _, meaning) in Texts.families().items():
            with self.subTest(name):
                self.assertRegex(name, r'^(podfit|process)_[a-z][a-z_]*[a-z]$')
                self.assertEqual(kind == 'counter', name.endswith('_total'))
                self.assertNotRegex(name, r'_(ms|milliseconds|us|ns|minutes|kb|mb|megabytes|percent|count|sum|bucket|info_total)(_|$)')
                self.assertRegex(meaning, r'^[A-Z0-9].*\.$')

    def test_values_make_sense(self):
        text, now = Texts.get()[0], time.time()
        values = {name: float(value) for name, value in re.findall(r'^([a-z_]+) (\S+)$', text, re.M)}
        leaf, authority = values['podfit_certificate_expiry_timestamp_seconds'], values['podfit_ca_expiry_timestamp_seconds']
        self.assertTrue(now + 86400 < leaf < authority < now + 20 * 365 * 86400, (leaf, authority))
        self.assertTrue(now - 300 < values['process_start_time_seconds'] <= now, values['process_start_time_seconds'])
        self.assertTrue(3 < values['process_open_fds'] < values['process_max_fds'])
        self.assertTrue(1 << 20 < values['process_resident_memory_bytes'] < values['process_virtual_memory_bytes'])
        self.assertGreater(values['process_cpu_seconds_total'], 0)
        self.assertEqual((values['podfit_model_nodes'], values['podfit_model_synced']), (2, 1))
        samples = dict(re.findall(r'^podfit_pool_(\S+) (\S+)$', text, re.M))
        self.assertEqual(samples['nodes{class="projects",state="usable"}'], '2')
        self.assertEqual(samples['allocatable{class="projects",resource="cpu",unit="core"}'], '128.000000000')
        self.assertEqual(samples['requested{class="projects",resource="pods",unit="integer"}'], '2', 'room is held for the admitted pod, and for the observed one')

    def test_label_sets_are_bounded(self):
        """Nothing of a pod or a user becomes a label."""
        for text in Texts.get():
            self.assertNotRegex(text, r'project-\d|serviceaccount|00000000-0000')
            self.assertLess(len(text.splitlines()), 1000)


def row(name, kind, labels, meaning):
    return '| `%s` | %s | %s | %s |\n' % (name, kind, ', '.join('`%s`' % label for label in labels), meaning)


def update():
    """The table anew; labels of families without a sample stay as they were."""
    page = monitoring.read(monitoring.METRICS_PAGE)
    known = monitoring.documented()
    lines = ['| metric | type | labels | meaning |\n', '|---|---|---|---|\n']
    for name, (kind, labels, meaning) in Texts.families().items():
        lines.append(row(name, kind, labels or known.get(name, ('', (), ''))[1], meaning))
    head, rest = page.split(BEGIN)
    with open(monitoring.METRICS_PAGE, 'w', encoding='utf8') as file:
        file.write(head + BEGIN + ''.join(lines) + END + rest.split(END)[1])


if __name__ == '__main__':
    if not harness.BINARY:
        sys.exit('set PODFIT to the program under test')
    if sys.argv[1:] == ['--update']:
        update()
    else:
        monitoring.main()
