"""What the end-to-end tests share: a podfit of its own for each test class, on random loopback ports, and clients that can misbehave. Standard library only."""
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDED = os.path.join(HERE, '..', 'reference', 'recorded')
BINARY = os.environ.get('PODFIT', '')
# Sanitizers make everything several times slower: fewer repetitions, same tests.
SCALE = float(os.environ.get('PODFIT_E2E_SCALE', '1'))
SLOW = float(os.environ.get('PODFIT_E2E_SLOW', '1'))

CONFIG = '''apiVersion: config.podfit.io/v1
kind: PodfitConfiguration
classes:
- name: projects
  match: {namespaces: [cocalc]}
  requests: keep
  onNever: reject
  onFull: reject
fit:
  reservationTTL: %s
'''


def config(ttl='15s', extra=''):
    return CONFIG % ttl + extra


def node(name, pods=110, cpu='64', memory='256Gi'):
    return {'apiVersion': 'v1', 'kind': 'Node', 'metadata': {'name': name, 'labels': {'kubernetes.io/hostname': name}}, 'spec': {},
            'status': {'allocatable': {'cpu': cpu, 'memory': memory, 'pods': str(pods), 'ephemeral-storage': '100Gi'},
                       'capacity': {'cpu': cpu, 'memory': memory, 'pods': str(pods)},
                       'conditions': [{'type': 'Ready', 'status': 'True'}]}}


def snapshot(nodes):
    return json.dumps({'apiVersion': 'v1', 'kind': 'List', 'metadata': {'resourceVersion': '7'},
                       'items': nodes + [{'apiVersion': 'v1', 'kind': 'Namespace', 'metadata': {'name': 'cocalc'}}]})


def review(number, cpu='10m', dry_run=False, namespace='cocalc', pad=0):
    """A small CREATE review; number makes uid and name unique."""
    pod = {'apiVersion': 'v1', 'kind': 'Pod',
           'metadata': {'name': 'project-%d' % number, 'namespace': namespace, 'labels': {'run': 'project'}, 'annotations': {'pad': 'x' * pad}},
           'spec': {'containers': [{'name': 'project', 'image': 'p', 'resources': {'requests': {'cpu': cpu, 'memory': '16Mi'}}}],
                    'schedulerName': 'default-scheduler'}}
    body = {'kind': 'AdmissionReview', 'apiVersion': 'admission.k8s.io/v1',
            'request': {'uid': '00000000-0000-4000-8000-%012d' % number, 'kind': {'group': '', 'version': 'v1', 'kind': 'Pod'},
                        'resource': {'group': '', 'version': 'v1', 'resource': 'pods'}, 'name': 'project-%d' % number, 'namespace': namespace,
                        'operation': 'CREATE', 'userInfo': {'username': 'system:serviceaccount:cocalc:manage'}, 'object': pod, 'oldObject': None,
                        'dryRun': dry_run, 'options': {'kind': 'CreateOptions', 'apiVersion': 'meta.k8s.io/v1'}}}
    return json.dumps(body, separators=(',', ':')).encode() + b'\n'


def recorded_review(scenario, step):
    tool = os.path.join(RECORDED, 'expand.py')
    return subprocess.run([sys.executable, tool, scenario, '--review', str(step)], check=True, stdout=subprocess.PIPE).stdout


def request_bytes(body, path='/mutate?timeout=10s', headers=None, method='POST'):
    """As a kube-apiserver writes it (tests/reference/recorded/webhook-request-headers.txt)."""
    fields = {'Host': 'podfit.podfit-system.svc', 'User-Agent': 'kube-apiserver-admission', 'Content-Length': str(len(body)),
              'Accept': 'application/json, */*', 'Content-Type': 'application/json', 'Accept-Encoding': 'gzip'}
    fields.update(headers or {})
    head = '%s %s HTTP/1.1\r\n' % (method, path) + ''.join('%s: %s\r\n' % (k, v) for k, v in fields.items() if v is not None)
    return head.encode() + b'\r\n' + body


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def review(self):
        return json.loads(self.body)['response']


def read_answer(sock):
    """One HTTP answer with Content-Length; None when the connection ends before it is whole."""
    data = b''
    while b'\r\n\r\n' not in data:
        piece = sock.recv(65536)
        if not piece:
            return None
        data += piece
    head, body = data.split(b'\r\n\r\n', 1)
    lines = head.decode('latin-1').split('\r\n')
    headers = {}
    for line in lines[1:]:
        name, value = line.split(':', 1)
        headers[name.strip().lower()] = value.strip()
    length = int(headers.get('content-length', '0'))
    status = int(lines[0].split()[1])
    if status == 100:
        return read_answer(sock)
    while len(body) < length:
        piece = sock.recv(65536)
        if not piece:
            return None
        body += piece
    return Answer(status, headers, body)


class Podfit:
    """One server process in a folder of its own."""

    def __init__(self, options=(), config_text=None, snapshot_text=None, env=None):
        self.dir = tempfile.mkdtemp(prefix='podfit-e2e-')
        self.env = env
        self.options = list(options)
        self.write('config.yaml', config_text or config())
        self.write('cluster.json', snapshot_text or snapshot([node('n1'), node('n2')]))
        self.run('certs', 'create', self.path('certs'), '--dns', 'localhost', '--ip', '127.0.0.1')
        self.process = None
        self.log = None
        self.start()

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        temporary = self.path(name + '.new')
        with open(temporary, 'w', encoding='utf8') as f:
            f.write(text)
        os.rename(temporary, self.path(name))

    def read(self, name):
        with open(self.path(name), encoding='utf8') as f:
            return f.read()

    def run(self, *args):
        return subprocess.run([BINARY] + list(args), check=True, stdout=subprocess.PIPE, env=self.env).stdout

    def source(self):
        """Options that say where the model comes from."""
        return ['--snapshot', self.path('cluster.json')]

    def certificates(self):
        """Options that say where certificate and key come from."""
        return ['--cert-dir', self.path('certs')]

    def start(self):
        args = ['serve', '--config', self.path('config.yaml'), *self.source(), '--listen', '127.0.0.1:0',
                '--ops-listen', '127.0.0.1:0', '--port-file', self.path('ports')]
        if '--tls-cert' not in self.options:
            args += self.certificates()
        if '--shutdown-delay' not in self.options:
            args += ['--shutdown-delay', '0s']
        if os.path.exists(self.path('ports')):
            os.unlink(self.path('ports'))
        self.log = open(self.path('log'), 'ab')
        self.process = subprocess.Popen([BINARY] + args + self.options, stderr=self.log, stdout=self.log, env=self.env)
        self.wait_for(lambda: os.path.exists(self.path('ports')), 'the port file', 20)
        self.port, self.ops_port = [int(line) for line in self.read('ports').split()]
        self.context = ssl.create_default_context(cafile=self.path('certs/ca.crt'))

    def wait_for(self, condition, what, seconds=10.0):
        end = time.monotonic() + seconds * SLOW
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError('podfit ended with %d while waiting for %s:\n%s' % (self.process.returncode, what, self.read('log')))
            if condition():
                return
            time.sleep(0.02)
        raise AssertionError('%s did not come within %.0f s:\n%s' % (what, seconds * SLOW, self.read('log')))

    def connect(self, context=None, timeout=15.0):
        sock = socket.create_connection(('127.0.0.1', self.port), timeout=timeout * SLOW)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return (context or self.context).wrap_socket(sock, server_hostname='localhost')

    def raw(self, timeout=15.0):
        return socket.create_connection(('127.0.0.1', self.port), timeout=timeout * SLOW)

    def post(self, body, **how):
        context = how.pop('context', None)
        with self.connect(context) as sock:
            try:
                sock.sendall(request_bytes(body, **how))
            except OSError:
                pass  # refused before the whole body was read: the answer is there all the same
            return read_answer(sock)

    def ops(self, path):
        try:
            with urllib.request.urlopen('http://127.0.0.1:%d%s' % (self.ops_port, path), timeout=15 * SLOW) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name):
        for line in self.ops('/metrics')[1].split('\n'):
            if line.startswith(name + ' '):
                return float(line.rsplit(' ', 1)[1])
        raise KeyError(name)

    def stats(self):
        return json.loads(self.ops('/stats')[1])

    def cpu_seconds(self):
        with open('/proc/%d/stat' % self.process.pid, encoding='ascii') as f:
            fields = f.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def descriptors(self):
        return len(os.listdir('/proc/%d/fd' % self.process.pid))

    def resident_bytes(self):
        with open('/proc/%d/statm' % self.process.pid, encoding='ascii') as f:
            return int(f.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')

    def stop(self, signal=15, seconds=30.0):
        if self.process.poll() is None:
            self.process.send_signal(signal)
        code = self.process.wait(timeout=seconds * SLOW)
        self.log.close()
        return code

    def remove(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)


class Case(unittest.TestCase):
    """A server for the class; its exit status and log are checked at the end, so that a sanitizer's report fails the test."""
    options = ()
    config_text = None
    snapshot_text = None

    @classmethod
    def setUpClass(cls):
        cls.podfit = cls.make_podfit()

    @classmethod
    def make_podfit(cls):
        return Podfit(cls.options, cls.config_text, cls.snapshot_text)

    @classmethod
    def tearDownClass(cls):
        try:
            code = cls.podfit.stop()
            log = cls.podfit.read('log')
            if code != 0 or 'Sanitizer' in log:
                raise AssertionError('podfit ended with %d:\n%s' % (code, log[-20000:]))
        finally:
            cls.podfit.remove()


def main():
    if not BINARY:
        sys.exit('set PODFIT to the program under test')
    unittest.main(verbosity=2)
