"""podfit as a process of its own, and its registration with the API server by URL."""
import atexit
import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request

from objects import bound
from plane import ROOT, wait_until, write
from process import Process, free_ports

BINARY = os.environ.get('PODFIT', os.path.join(ROOT, 'build', 'dev', 'podfit'))
# Sanitizers make podfit several times slower.
SLOW = float(os.environ.get('PODFIT_E2E_SLOW', '1'))
WEBHOOK = 'projects.podfit.io'
SYSTEM = 'podfit-system'


def configuration(ca_bundle, url, namespaces, failure_policy='Fail', name='podfit', timeout=10):
    """A MutatingWebhookConfiguration as docs/SERVING.md shows it, with a URL."""
    rules = [{'apiGroups': [''], 'apiVersions': ['v1'], 'resources': ['pods'], 'operations': ['CREATE'], 'scope': 'Namespaced'},
             {'apiGroups': [''], 'apiVersions': ['v1'], 'resources': ['pods/resize'], 'operations': ['UPDATE'], 'scope': 'Namespaced'}]
    hook = {'name': WEBHOOK, 'admissionReviewVersions': ['v1'], 'sideEffects': 'NoneOnDryRun', 'failurePolicy': failure_policy, 'matchPolicy': 'Equivalent',
            'reinvocationPolicy': 'IfNeeded', 'timeoutSeconds': timeout, 'rules': rules,
            'namespaceSelector': {'matchExpressions': [{'key': 'kubernetes.io/metadata.name', 'operator': 'In', 'values': list(namespaces)}]},
            # a label by which a scenario creates a pod that podfit is not asked about
            'objectSelector': {'matchExpressions': [{'key': 'podfit', 'operator': 'NotIn', 'values': ['look-away']}]},
            'clientConfig': {'url': url, 'caBundle': ca_bundle}}
    return {'apiVersion': 'admissionregistration.k8s.io/v1', 'kind': 'MutatingWebhookConfiguration', 'metadata': {'name': name}, 'webhooks': [hook]}


class Podfit:
    """One `podfit serve` that follows the cluster of a kubeconfig.

    The ports stay the same over restarts, so that the registered URL does.
    """

    def __init__(self, plane, config, kubeconfig, options=(), name='podfit'):
        self.plane, self.kubeconfig, self.options, self.name = plane, kubeconfig, list(options), name
        self.dir = tempfile.mkdtemp(prefix='podfit-serve-')
        self.port, self.ops_port = free_ports(2)
        self.process = None
        atexit.register(self.remove)  # also after Ctrl-C and SIGTERM (scenario.main)
        self.write_config(config)
        # with one of these options it has its certificate from elsewhere
        self.own_folder = not {'--tls-cert', '--webhook-configuration'} & set(self.options)
        if self.own_folder:
            self.run('certs', 'create', self.path('certs'), '--dns', 'localhost', '--ip', '127.0.0.1')

    def path(self, name):
        return os.path.join(self.dir, name)

    def run(self, *args):
        return subprocess.run([BINARY] + list(args), check=True, stdout=subprocess.PIPE).stdout.decode()

    def write_config(self, text):
        write(self.path('config.yaml'), text)

    def start(self, wait=True):
        args = [BINARY, 'serve', '--config', self.path('config.yaml'), '--listen', '127.0.0.1:%d' % self.port, '--ops-listen', '127.0.0.1:%d' % self.ops_port,
                '--audit-log', self.path('audit.log'), '--kubeconfig', self.kubeconfig]
        args += [] if '--shutdown-delay' in self.options else ['--shutdown-delay', '0s']
        args += ['--cert-dir', self.path('certs')] if self.own_folder else []
        self.process = Process(self.name, args + self.options, self.path('log'))
        return self.wait_ready() if wait else self

    def wait_ready(self):
        wait_until(self.ready, lambda: 'readiness of %s; its log:\n%s' % (self.name, self.process.tail()), 30 * SLOW)
        return self

    def ready(self):
        self.process.check()
        try:
            return self.ops('/readyz')[0] == 200
        except OSError:
            return False

    def ops(self, path):
        try:
            with urllib.request.urlopen('http://127.0.0.1:%d%s' % (self.ops_port, path), timeout=15 * SLOW) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def stats(self):
        return json.loads(self.ops('/stats')[1])

    def ca_bundle(self):
        with open(self.path('certs/ca-bundle.crt'), 'rb') as file:
            return base64.b64encode(file.read()).decode()

    def url(self, path='/mutate'):
        return 'https://127.0.0.1:%d%s' % (self.port, path)

    def register(self, namespaces, **how):
        """Registers and waits until the API server asks: it learns of a new webhook by a watch of its own."""
        self.plane.api.apply(configuration(self.ca_bundle(), self.url(), namespaces, **how))
        self.wait_until_asked(namespaces[0])

    def reviews(self):
        return self.stats()['reviews']['total']

    def wait_until_asked(self, namespace, labels=None):
        before = self.reviews()
        probe = {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'generateName': 'probe-', 'namespace': namespace, 'labels': labels or {}},
                 'spec': {'containers': [{'name': 'probe', 'image': 'probe'}]}}

        def asked():
            try:
                self.plane.api.create(probe, dry_run=True)
            except Exception:  # a refusal tells as much; whether podfit was asked is what counts
                self.plane.api.close()
            return self.reviews() > before
        wait_until(asked, lambda: 'the first review; the log of podfit:\n' + self.process.tail(), 30 * SLOW)

    def wait_until_sees(self, nodes=None, seconds=30.0):
        """Waits until the model has so many nodes and as many pods, pod by pod bound or not, as the API server."""
        def same():
            model = self.stats()['model']
            if nodes is not None and model['nodes'] != nodes:
                return False
            live = [p for p in self.plane.api.list('Pod') if p.get('status', {}).get('phase') not in ('Succeeded', 'Failed')]
            return model['pods'] in (len(live), sum(map(bound, live)))
        wait_until(same, lambda: 'a model like the cluster; /stats: %s' % self.stats()['model'], seconds * SLOW)

    def audit(self):
        with open(self.path('audit.log'), encoding='utf8') as file:
            return [json.loads(line) for line in file if line.strip()]

    def stop(self):
        """Ends it gracefully and says whether that went well."""
        if self.process is None:
            return
        status = self.process.stop(60 * SLOW)
        log = self.process.tail(20000)
        if status not in (0, -signal.SIGKILL) or 'Sanitizer' in log:
            raise AssertionError('%s ended with status %d:\n%s' % (self.name, status, log))

    def remove(self):
        if self.process is not None and self.process.alive():
            self.process.kill()
        atexit.unregister(self.remove)
        shutil.rmtree(self.dir, ignore_errors=True)
