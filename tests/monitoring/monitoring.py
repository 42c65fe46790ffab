"""What the tests of the monitoring share: promtool and prometheus, the rules, which metrics exist. Needs python3-yaml and Debian's package prometheus."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(ROOT, 'manifests', 'monitoring')
CHART = os.path.join(ROOT, 'manifests', 'helm', 'podfit')
METRICS_PAGE = os.path.join(ROOT, 'docs', 'METRICS.md')
SKIPPED = 77

# Series of others that rules and dashboard may name: of Prometheus itself, and of the API server (stable or beta in 1.33 to 1.36).
# Source: staging/src/k8s.io/apiserver/pkg/admission/metrics/metrics.go
OTHERS = {
    'up',
    'apiserver_admission_webhook_admission_duration_seconds',
    'apiserver_admission_webhook_fail_open_count',
    'apiserver_admission_webhook_rejection_count',
    'apiserver_admission_webhook_request_total',
}


def read(*path):
    with open(os.path.join(*path), encoding='utf8') as file:
        return file.read()


def rule_spec():
    return yaml.safe_load(read(FOLDER, 'prometheus-rule.yaml'))['spec']


def rules():
    return [rule for group in rule_spec()['groups'] for rule in group['rules']]


def alerts():
    return {rule['alert']: rule for rule in rules() if 'alert' in rule}


def documented():
    """{name: (type, labels, meaning)} of the table in docs/METRICS.md."""
    rows = re.findall(r'^\| `([a-z_]+)` \| (\w+) \| (.*?) \| (.*?) \|$', read(METRICS_PAGE), re.M)
    return {name: (kind, tuple(re.findall(r'`([a-z_]+)`', labels)), meaning) for name, kind, labels, meaning in rows}


def family(name):
    return re.sub(r'_(bucket|sum|count)$', '', name) if name not in OTHERS else name


def names_in(expression):
    """Metric names of an expression: words that are followed by neither `(` nor a label's operator, outside of quotes and lists of labels."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '', expression)
    bare = re.sub(r'\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)', '', bare)
    bare = re.sub(r'\{[^}]*\}|\[[^\]]*\]', ' ', bare)
    words = re.findall(r'(?<![\w:.])([a-zA-Z_:][\w:]*)(?!\s*\()(?![\w:])', bare)
    return {word for word in words if word not in ('and', 'or', 'unless', 'bool', 'offset', 'by', 'm', 'h', 'd')}


def unknown_in(expression):
    known = set(documented()) | OTHERS | {rule['record'] for rule in rules() if 'record' in rule}
    return sorted(name for name in names_in(expression) if name not in known and family(name) not in known)


class Folder:
    """A temporary folder with files."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix='podfit-monitoring-')
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def file(self, name, text):
        target = os.path.join(self.path, name)
        with open(target, 'w', encoding='utf8') as file:
            file.write(text)
        return target


def promtool(*args, **how):
    """Exit status and everything that was printed."""
    run = subprocess.run(['promtool', *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False, **how)
    return run.returncode, run.stdout


def main():
    missing = [name for name in ('promtool', 'prometheus') if shutil.which(name) is None]
    if missing:
        print("the tests of the monitoring need '%s': apt-get install prometheus (its service need not run)" % "', '".join(missing))
        sys.exit(1 if os.environ.get('CI') == 'true' else SKIPPED)
    unittest.main(verbosity=1)
