"""A real Prometheus on loopback scrapes a running podfit: no complaint about what it reads, the rules as shipped, an alert that fires and ends."""
import json
import os
import random
import re
import socket
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

import yaml

import monitoring

sys.path.insert(0, os.path.join(monitoring.ROOT, 'tests', 'e2e'))
import harness  # noqa: E402

WAIT_S = 40


def free_port():
    """Below the range from which the kernel gives ports to others between this look and Prometheus's start."""
    for port in random.sample(range(20000, 32000), 100):
        with socket.socket() as sock:
            try:
                sock.bind(('127.0.0.1', port))
                return port
            except OSError:
                continue
    raise AssertionError('no free port of 127.0.0.1 between 20000 and 32000')


def impatient_rules():
    """The rules as shipped, without the minutes that an alert waits."""
    spec = monitoring.rule_spec()
    for group in spec['groups']:
        group['interval'] = '1s'
        for rule in group['rules']:
            rule.pop('for', None)
    return spec


class Prometheus:
    """One server with a folder of its own; Prometheus tells no port that it chose itself, so one is chosen for it."""

    def __init__(self, target, others=None):
        """@param others  further jobs and their targets"""
        self.folder = monitoring.Folder().__enter__()
        self.port = free_port()
        job = {'job_name': 'podfit', 'static_configs': [{'targets': [target], 'labels': {'pod': 'podfit-0', 'namespace': 'podfit-system'}}]}
        jobs = [job] + [{'job_name': name, 'static_configs': [{'targets': [address]}]} for name, address in (others or {}).items()]
        self.folder.file('rules.yaml', yaml.safe_dump(impatient_rules()))
        config = self.folder.file('prometheus.yaml', yaml.safe_dump({
            'global': {'scrape_interval': '1s', 'scrape_timeout': '1s', 'evaluation_interval': '1s'}, 'rule_files': ['rules.yaml'], 'scrape_configs': jobs}))
        self.log_path = os.path.join(self.folder.path, 'log')
        with open(self.log_path, 'wb') as log:
            self.process = subprocess.Popen(
                ['prometheus', '--config.file=' + config, '--storage.tsdb.path=' + os.path.join(self.folder.path, 'data'),
                 '--web.listen-address=127.0.0.1:%d' % self.port, '--log.level=info', '--log.format=logfmt'], stdout=log, stderr=log)

    def log(self):
        return monitoring.read(self.log_path)

    def get(self, path, **query):
        url = 'http://127.0.0.1:%d/api/v1/%s?%s' % (self.port, path, urllib.parse.urlencode(query))
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)['data']

    def value(self, query):
        """Of an instant query; None: no series."""
        result = self.get('query', query=query)['result']
        return float(result[0]['value'][1]) if result else None

    def wait(self, condition, what):
        end = time.monotonic() + WAIT_S * harness.SLOW
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError('prometheus ended with %d:\n%s' % (self.process.returncode, self.log()))
            try:
                if condition():
                    return
            except (urllib.error.URLError, ConnectionError):
                pass  # it does not listen yet, or answers 503 while it starts
            time.sleep(0.1)
        raise AssertionError('%s did not come within %.0f s:\n%s' % (what, WAIT_S * harness.SLOW, self.log()))

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.folder.__exit__()


class Scrape(harness.Case):
    snapshot_text = harness.snapshot([harness.node('n1', pods=8)])  # less headroom than the alert wants

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prometheus = Prometheus('127.0.0.1:%d' % cls.podfit.ops_port)
        try:
            cls.prometheus.wait(lambda: cls.prometheus.value('up{job="podfit"}') == 1, 'the first scrape')
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.prometheus.stop()
        super().tearDownClass()

    def firing(self, name):
        return [alert for alert in self.prometheus.get('alerts')['alerts'] if alert['labels']['alertname'] == name and alert['state'] == 'firing']

    def test_scraped_without_a_complaint(self):
        self.podfit.post(harness.review(1))
        self.podfit.post(harness.review(2, cpu='500'))
        self.prometheus.wait(lambda: self.prometheus.value('sum(podfit_reviews_total)') >= 2, 'the two reviews')
        target = self.prometheus.get('targets')['activeTargets'][0]
        self.assertEqual((target['health'], target['lastError']), ('up', ''))
        text = self.podfit.ops('/metrics')[1]
        samples = len([line for line in text.splitlines() if not line.startswith('#')])
        self.assertEqual(self.prometheus.value('scrape_samples_scraped'), samples)
        self.assertEqual(self.prometheus.value('scrape_samples_post_metric_relabeling'), samples)
        complaints = [line for line in self.prometheus.log().splitlines() if re.search(r'level=(warn|error)', line)]
        self.assertEqual(complaints, [])

    def test_metadata_is_what_the_page_says(self):
        page = monitoring.documented()
        for name, entries in self.prometheus.get('metadata').items():
            with self.subTest(name):
                self.assertEqual([(entry['type'], entry['help']) for entry in entries], [(page[name][0], page[name][2])])

    def test_rules_are_loaded_and_evaluate(self):
        def groups():
            return self.prometheus.get('rules')['groups']
        self.prometheus.wait(lambda: all(rule['health'] == 'ok' for group in groups() for rule in group['rules']), 'an evaluation of every rule')
        loaded = [rule for group in groups() for rule in group['rules']]
        self.assertEqual(len(loaded), len(monitoring.rules()))
        self.assertEqual([rule['lastError'] for rule in loaded if rule.get('lastError')], [])
        self.prometheus.wait(lambda: self.prometheus.value('podfit:pool_utilisation:ratio{class="projects",resource="pods"}') is not None, 'the ratio')

    def test_headroom_runs_out(self):
        self.podfit.post(harness.review(5, dry_run=True))  # what headroom of a class without quota is counted in
        self.prometheus.wait(lambda: self.firing('PodfitHeadroomLow'), 'the alert')
        self.assertEqual(self.firing('PodfitHeadroomLow')[0]['labels']['class'], 'projects')
        self.assertEqual(self.prometheus.value('podfit_class_headroom_binding{class="projects",constraint="pods"}'), 1)

    def test_an_alert_fires_and_ends(self):
        good = self.podfit.read('config.yaml')
        self.assertEqual(self.firing('PodfitReloadBroken'), [])
        self.podfit.write('config.yaml', 'classes: [')
        self.prometheus.wait(lambda: self.firing('PodfitReloadBroken'), 'the alert')
        alert = self.firing('PodfitReloadBroken')[0]
        self.assertEqual(alert['labels']['kind'], 'config')
        self.assertEqual(alert['annotations']['summary'], 'The newest config cannot be used; podfit-0 goes on with the one before.')
        self.podfit.write('config.yaml', good)
        self.prometheus.wait(lambda: not self.firing('PodfitReloadBroken'), 'its end')


if __name__ == '__main__':
    if not harness.BINARY:
        sys.exit('set PODFIT to the program under test')
    monitoring.main()
