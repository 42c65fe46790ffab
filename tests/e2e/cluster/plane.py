"""A real control plane without nodes or containers: etcd, kube-apiserver, kube-controller-manager and kube-scheduler on loopback ports,
in a folder of its own. Nodes are only API objects (objects.py), which the real scheduler fills with real pods."""
import atexit
import base64
import json
import os
import secrets
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

from api import Api, ApiError
from process import Process, free_ports, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, '..', '..', '..'))
SKIPPED = 77
START_SECONDS = 60
# Soft limits of Go's memory, so that the whole control plane stays under 1.2 GiB on a machine that builds at the same time.
MEMORY = {'etcd': '256MiB', 'apiserver': '512MiB', 'controllers': '256MiB', 'scheduler': '256MiB'}
SCHEDULER = '''apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
clientConnection: {kubeconfig: %s, qps: 1000, burst: 2000}
leaderElection: {leaderElect: false}
'''


class Unavailable(Exception):
    """There are no binaries to start and none can be built (scripts/lib/controlplane has said why)."""


def binaries():
    """The folder with the five programs; builds them when they are not in the cache, which takes minutes."""
    done = subprocess.run([os.path.join(ROOT, 'scripts', 'lib', 'controlplane')], stdout=subprocess.PIPE, check=False)
    if done.returncode == SKIPPED:
        raise Unavailable()
    if done.returncode != 0:
        sys.exit(1)
    return done.stdout.decode().strip()


def kubeconfig(server, ca_file, token):
    """A kubeconfig with embedded CA, as JSON, which is YAML too."""
    with open(ca_file, 'rb') as file:
        authority = base64.b64encode(file.read()).decode()
    return json.dumps({
        'apiVersion': 'v1', 'kind': 'Config', 'current-context': 'e2e',
        'clusters': [{'name': 'e2e', 'cluster': {'server': server, 'certificate-authority-data': authority}}],
        'users': [{'name': 'e2e', 'user': {'token': token}}],
        'contexts': [{'name': 'e2e', 'context': {'cluster': 'e2e', 'user': 'e2e'}}]}, indent=1)


def write(path, text, mode=0o600):
    temporary = path + '.new'
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), 'w', encoding='utf8') as file:
        file.write(text)
    os.rename(temporary, path)


class Client:
    """What a scenario needs of a control plane, whoever started it: the API as administrator, kubectl, kubeconfigs."""

    def __init__(self, state):
        self.state = state
        self.dir, self.port = state['dir'], state['port']
        self.server = 'https://127.0.0.1:%d' % self.port
        self.ca_file = self.path('certs/apiserver.crt')
        self.admin_kubeconfig = self.path('admin.kubeconfig')
        self.api = Api(self.port, self.ca_file, state['tokens']['admin'])

    def path(self, name):
        return os.path.join(self.dir, name)

    def write_kubeconfig(self, name, token):
        write(self.path(name), kubeconfig(self.server, self.ca_file, token))
        return self.path(name)

    def kubectl(self, *args, data=None, check=True, seconds=60):
        """Runs kubectl as administrator; (exit status, stdout, stderr) as text. With check a failure raises with what kubectl said."""
        env = dict(os.environ, HOME=self.dir, KUBECONFIG=self.admin_kubeconfig, GOMEMLIMIT='256MiB')
        done = subprocess.run([os.path.join(self.state['binaries'], 'kubectl')] + list(args), input=data, env=env, timeout=seconds, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf8')
        if check and done.returncode != 0:
            raise AssertionError('kubectl %s ended with %d:\n%s%s' % (' '.join(args), done.returncode, done.stdout, done.stderr))
        return done.returncode, done.stdout, done.stderr

    def service_account_token(self, namespace, name, seconds=3600):
        request = {'apiVersion': 'authentication.k8s.io/v1', 'kind': 'TokenRequest', 'spec': {'expirationSeconds': seconds}}
        path = '/api/v1/namespaces/%s/serviceaccounts/%s/token' % (namespace, name)
        return self.api.request('POST', path, request)['status']['token']


class ControlPlane(Client):
    """Starts the four programs; `with ControlPlane() as plane`. From the main thread only (process.py)."""

    def __init__(self, folder=None, apiserver_flags=()):
        self.apiserver_flags = list(apiserver_flags)
        self.dir = folder or tempfile.mkdtemp(prefix='podfit-plane-')
        if folder:
            shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
            os.makedirs(folder)
        self.processes, self.started = {}, {}
        atexit.register(self.end)  # also after Ctrl-C
        self.ports = dict(zip(('etcd', 'peer', 'api'), free_ports(3)))
        tokens = {user: secrets.token_hex(16) for user in ('admin', 'controllers', 'scheduler')}
        self.bin = binaries()
        self.prepare(tokens)
        try:
            self.start(tokens)
        except BaseException:
            for process in self.processes.values():
                print('== %s\n%s' % (process.name, process.tail(2000)), file=sys.stderr)
            self.end()
            raise

    def prepare(self, tokens):
        write(os.path.join(self.dir, 'tokens.csv'), '%s,admin,1,"system:masters"\n%s,system:kube-controller-manager,2\n%s,system:kube-scheduler,3\n' % (
            tokens['admin'], tokens['controllers'], tokens['scheduler']))
        subprocess.run(['openssl', 'genrsa', '-out', os.path.join(self.dir, 'sa.key'), '2048'], check=True, stderr=subprocess.DEVNULL)

    def start(self, tokens):
        begin = time.monotonic()
        self.start_etcd()
        self.start_apiserver()
        self.wait_for_api()
        super().__init__({'dir': self.dir, 'port': self.ports['api'], 'etcd': self.ports['etcd'], 'tokens': tokens, 'binaries': self.bin})
        self.wait_for_ready()
        self.started['api'] = time.monotonic() - begin
        self.write_kubeconfig('admin.kubeconfig', tokens['admin'])
        for name in ('controllers', 'scheduler'):
            self.write_kubeconfig(name + '.kubeconfig', tokens[name])
        self.start_controllers()
        self.start_scheduler()
        wait_until(lambda: self.check() or self.api.exists('ServiceAccount', 'default', 'default'), 'the default service account', START_SECONDS)
        self.started['all'] = time.monotonic() - begin
        self.state['pids'] = {name: process.pid for name, process in self.processes.items()}

    def launch(self, name, program, args):
        self.processes[name] = Process(name, [os.path.join(self.bin, program)] + args, os.path.join(self.dir, name + '.log'), {'GOMEMLIMIT': MEMORY[name]})

    def start_etcd(self):
        self.launch('etcd', 'etcd', ['--data-dir', os.path.join(self.dir, 'etcd'), '--unsafe-no-fsync', '--log-level', 'warn',
                                     '--listen-client-urls', 'http://127.0.0.1:%d' % self.ports['etcd'],
                                     '--advertise-client-urls', 'http://127.0.0.1:%d' % self.ports['etcd'],
                                     '--listen-peer-urls', 'http://127.0.0.1:%d' % self.ports['peer']])

    def start_apiserver(self):
        key = os.path.join(self.dir, 'sa.key')
        self.launch('apiserver', 'kube-apiserver', [
            '--etcd-servers=http://127.0.0.1:%d' % self.ports['etcd'], '--bind-address=127.0.0.1', '--secure-port=%d' % self.ports['api'],
            '--cert-dir=' + os.path.join(self.dir, 'certs'), '--token-auth-file=' + os.path.join(self.dir, 'tokens.csv'),
            '--service-account-issuer=https://kubernetes.default.svc', '--service-account-key-file=' + key, '--service-account-signing-key-file=' + key,
            '--service-cluster-ip-range=10.0.0.0/24', '--authorization-mode=RBAC', '--allow-privileged=true',
            # nobody reports these nodes ready, so they would stay tainted for ever
            '--disable-admission-plugins=TaintNodesByCondition'] + self.apiserver_flags)

    def start_controllers(self):
        own = self.path('controllers.kubeconfig')
        self.launch('controllers', 'kube-controller-manager', [
            '--kubeconfig=' + own, '--authentication-kubeconfig=' + own, '--authorization-kubeconfig=' + own, '--secure-port=0', '--leader-elect=false',
            '--use-service-account-credentials=true', '--service-account-private-key-file=' + self.path('sa.key'), '--root-ca-file=' + self.ca_file,
            '--kube-api-qps=500', '--kube-api-burst=1000', '--horizontal-pod-autoscaler-sync-period=1s',
            # it marks nodes without a heartbeat unreachable
            '--controllers=*,-node-lifecycle-controller'])

    def start_scheduler(self):
        own = self.path('scheduler.kubeconfig')
        write(self.path('scheduler.yaml'), SCHEDULER % own)
        self.launch('scheduler', 'kube-scheduler', ['--config=' + self.path('scheduler.yaml'), '--authentication-kubeconfig=' + own,
                                                    '--authorization-kubeconfig=' + own, '--secure-port=0'])

    def check(self):
        """Raises when a program has ended; else None."""
        for process in self.processes.values():
            process.check()

    def wait_for_api(self):
        certificate = os.path.join(self.dir, 'certs', 'apiserver.crt')

        def loadable():
            self.check()
            try:
                ssl.create_default_context(cafile=certificate)
                return True
            except OSError:  # not there yet, or half written (ssl.SSLError is an OSError)
                return False
        wait_until(loadable, 'the certificate of the API server', START_SECONDS)

    def wait_for_ready(self):
        def ready():
            self.check()
            try:
                return self.api.raw('GET', '/readyz')[0] == 200
            except OSError:
                return False
        wait_until(ready, 'the readiness of the API server', START_SECONDS)

    def restart_apiserver(self, kill=False, pause=0.0):
        """Ends the API server (SIGKILL or gracefully), waits, starts it again on the same port."""
        process = self.processes['apiserver']
        process.kill() if kill else process.stop(5)  # it would wait a minute for its watchers
        time.sleep(pause)
        self.start_apiserver()
        self.api.close()
        self.wait_for_ready()

    def compact(self):
        """Compacts etcd at its present revision, so that a watch can resume from no older one (410 Gone)."""
        def post(path, body):
            request = urllib.request.Request('http://127.0.0.1:%d%s' % (self.ports['etcd'], path), json.dumps(body).encode())
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        revision = post('/v3/kv/range', {'key': base64.b64encode(b'/').decode(), 'count_only': True})['header']['revision']
        post('/v3/kv/compaction', {'revision': revision, 'physical': True})

    def resident_mib(self):
        return {name: round(process.resident_mib()) for name, process in self.processes.items() if process.alive()}

    def stop(self):
        """Ends what uses the others first, so that nobody waits for a lost server."""
        for name in ('scheduler', 'controllers', 'apiserver', 'etcd'):
            process = self.processes.get(name)
            if process is None:
                continue
            if name in ('scheduler', 'controllers'):
                process.kill()  # they keep no state, and take seconds to stop
            else:
                process.stop(15)

    def end(self):
        """Stops everything and removes the folder; harmless the second time."""
        atexit.unregister(self.end)
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None and os.environ.get('PODFIT_E2E_KEEP'):
            atexit.unregister(self.end)
            self.stop()
            print('kept: %s' % self.dir, file=sys.stderr)
        else:
            self.end()


def attach(state_file):
    """The control plane that another process has started and described."""
    with open(state_file, encoding='utf8') as file:
        return Client(json.load(file))


__all__ = ['ApiError', 'Client', 'ControlPlane', 'Unavailable', 'attach', 'wait_until']
