#!/usr/bin/env python3
"""run.py BUILD [PART...]   the benchmarks of podfit (parts: webhook, fit, model, watch, cold; all of them): ratios of things measured in turn in one run, beside their targets

BUILD is a folder with a release build. Everything stays on loopback and is bounded in number. Nothing here is a test: the figures depend on the machine,
only the ratios mean something, and those wobble by some per cent. Python 3, standard library only."""
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDED = os.path.join(HERE, '..', 'tests', 'reference', 'recorded')
SIZES = (100, 5000, 130000)
ROUNDS = 7
KEPT, NEW = 2000, 150   # requests of one round
CONFIG = '''apiVersion: config.podfit.io/v1
kind: PodfitConfiguration
classes:
- name: projects
  defaultQuotas: '{"internet":true,"idle_timeout":1800,"mem":2000,"cpu":1,"cpu_oc":20,"mem_oc":10}'
  onFull: annotate
  onNever: annotate
'''
NGINX = '''daemon off; master_process off; worker_processes 1; pid nginx.pid; error_log error.log;
events { worker_connections 1024; }
http {
  access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {
    listen 127.0.0.1:%d ssl; ssl_certificate certs/tls.crt; ssl_certificate_key certs/tls.key;
    ssl_protocols TLSv1.3; ssl_session_tickets off; ssl_session_cache off; keepalive_requests 1000000;
    location / { default_type application/json; return 200 '%s'; }
  }
}
'''


def expand():
    spec = importlib.util.spec_from_file_location('expand', os.path.join(RECORDED, 'expand.py'))
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    return module


SCENARIOS = ('cocalc-memory', 'coditect', 'jupyterhub')


def write_bodies(path):
    """24 recorded reviews of project pods -> their mean size"""
    sizes = []
    with open(path, 'w', encoding='utf8') as f:
        for scenario in SCENARIOS:
            steps = [s for s in map(json.loads, expand().lines(scenario)) if s.get('review') and s['outcome'] == 'bound']
            for step in steps[:8]:
                text = json.dumps(step['review'], ensure_ascii=False, separators=(',', ':'))
                sizes.append(len(text.encode()))
                f.write(text + '\n')
    return statistics.mean(sizes)


def write_cluster(path, count):
    """nodes as the scenarios have them, over and over, with ten pods each up to 5,000 nodes"""
    nodes = [o for scenario in SCENARIOS for o in expand().initial(scenario)['items'] if o['kind'] == 'Node']
    texts = []
    for node in nodes:
        old = node['metadata']['name']
        node['spec'].pop('unschedulable', None)
        node['status'] = {'allocatable': node['status']['allocatable']}
        texts.append(json.dumps(node, separators=(',', ':')).replace(json.dumps(old), '"@"'))
    with open(path, 'w', encoding='utf8') as f:
        f.write('{"apiVersion":"v1","kind":"List","metadata":{"resourceVersion":"1"},"items":[')
        for i in range(count):
            f.write((',\n' if i else '') + texts[i % len(texts)].replace('"@"', '"node-%d"' % i))
            for j in range(10 if count <= 5000 else 1):
                f.write(',\n{"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"n","name":"p-%d-%d"},"spec":{"nodeName":"node-%d","containers":'
                        '[{"name":"c","resources":{"requests":{"cpu":"50m","memory":"%dMi"}}}]}}' % (i, j, i, 50 + i % 50))
        f.write(']}\n')


class Servers:
    def __init__(self, build, folder):
        self.build, self.folder = build, folder
        self.running = []
        self.podfit = os.path.join(build, 'podfit')
        subprocess.run([self.podfit, 'certs', 'create', self.path('certs'), '--dns', 'localhost', '--ip', '127.0.0.1'], check=True,
                       stdout=subprocess.DEVNULL)
        with open(self.path('config.yaml'), 'w', encoding='utf8') as f:
            f.write(CONFIG)

    def path(self, name):
        return os.path.join(self.folder, name)

    def echo(self):
        process = subprocess.Popen([os.path.join(self.build, 'bench', 'echo_tls'), self.path('certs/tls.crt'), self.path('certs/tls.key')],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.running.append(process)
        return int(process.stdout.readline()), process.pid

    def serve(self, nodes):
        cluster, ports = self.path('cluster-%d.json' % nodes), self.path('ports-%d' % nodes)
        write_cluster(cluster, nodes)
        with open(self.path('log-%d' % nodes), 'w', encoding='utf8') as log:
            process = subprocess.Popen([self.podfit, 'serve', '--config', self.path('config.yaml'), '--snapshot', cluster, '--cert-dir', self.path('certs'),
                                        '--listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0', '--port-file', ports, '--shutdown-delay', '0s',
                                        '--audit-log', self.path('audit-%d' % nodes)], stdout=log, stderr=log)
        self.running.append(process)
        start = time.monotonic()
        while not os.path.exists(ports):
            if process.poll() is not None or time.monotonic() - start > 120:
                raise SystemExit('podfit serve did not start, see its log:\n' + open(self.path('log-%d' % nodes), encoding='utf8').read()[-2000:])
            time.sleep(0.02)
        os.unlink(cluster)
        with open(ports, encoding='ascii') as f:
            return int(f.readline()), process.pid

    def nginx(self, port):
        program = shutil.which('nginx') or shutil.which('/usr/sbin/nginx')
        if not program:
            return None
        with open(self.path('nginx.conf'), 'w', encoding='ascii') as f:
            f.write(NGINX % (port, 'x' * 600))
        process = subprocess.Popen([program, '-p', self.folder, '-c', self.path('nginx.conf')], stderr=subprocess.DEVNULL)
        self.running.append(process)
        time.sleep(0.5)
        return (port, process.pid) if process.poll() is None else None

    def stop(self):
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(30)


def measure(servers, targets, mode, count):
    """rounds in turn -> server CPU microseconds a request in the best round (others may use the machine, too), by name"""
    load = os.path.join(servers.build, 'bench', 'load')
    figures = {name: [] for name in targets}
    for _ in range(ROUNDS):
        for name, (port, pid) in targets.items():
            done = subprocess.run([load, str(port), str(pid), mode, str(count), servers.path('bodies')], capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit('%s: %s' % (name, done.stderr))
            figures[name].append(float(done.stdout.split()[0]))
    return {name: min(values) for name, values in figures.items()}


def row(what, figure, target=''):
    print('%-62s %18s   %s' % (what, figure, target), flush=True)


def webhook(servers):
    size = write_bodies(servers.path('bodies'))
    targets = {'echo': servers.echo()}
    for nodes in SIZES:
        targets[nodes] = servers.serve(nodes)
    kept = measure(servers, targets, 'keep', KEPT)
    print('server CPU a request, TLS 1.3 keep-alive, reviews of %.1f KB (best of %d rounds in turn)' % (size / 1000, ROUNDS))
    row('bare libmicrohttpd TLS echo', '%.1f us' % kept['echo'])
    for nodes in SIZES:
        row('podfit, %d nodes' % nodes, '%.1f us' % kept[nodes])
    row('podfit : echo, 5,000 nodes', '%.2f' % (kept[5000] / kept['echo']), 'target <= 1.5')
    row('130,000 : 100 nodes', '%.2f' % (kept[130000] / kept[100]), 'target <= 1.3')
    fresh = {'echo': targets['echo'], 'podfit': targets[5000]}
    nginx = servers.nginx(targets['echo'][0] + 1 if targets['echo'][0] < 65000 else 20443)
    if nginx:
        fresh['nginx'] = nginx
    new = measure(servers, fresh, 'new', NEW)
    print('server CPU a request, a new TLS 1.3 connection each, no resumption')
    for name, figure in new.items():
        row(name, '%.0f us' % figure)
    if nginx:
        row('podfit : nginx (OpenSSL, tickets off)', '%.2f' % (new['podfit'] / new['nginx']), 'target <= 1.0')
    else:
        row('podfit : nginx', 'not measured', 'nginx is not installed (apt-get install nginx-light)')


def model(build):
    print('model of 5,000 nodes and 150,000 pods from a stream of 1.4 GB')
    start = time.monotonic()
    done = subprocess.run([os.path.join(build, 'bench', 'bench_model')], capture_output=True, text=True, check=True)
    print(done.stdout.rstrip())
    row('wall clock of both loads', '%.1f s' % (time.monotonic() - start))


def watch(build):
    print('list and watch of pods of 9 KB without the network: CPU time of the best of 7 rounds')
    done = subprocess.run([os.path.join(build, 'bench', 'bench_watch')], capture_output=True, text=True, check=True)
    print(done.stdout.rstrip())
    figures = {line[:28].strip(): line[28:].split() for line in done.stdout.splitlines()}
    row('list data into the model, MB/s of CPU time', figures['list into the model'][0], 'target >= 100')
    row('watch events into the model, a second of CPU time', figures['watch into the model'][2], 'target >= 20000')


FIT_SIZES = (100, 5000, 130000)
FIT_LIMIT_US = 100   # of fit, at 5,000 nodes and 150,000 pods
LIMITED = ('anti-affinity by hostname', 'anti-affinity by hostname, first of its kind', "kept away by others' anti-affinity", 'zone spread', 'hostname spread',
           'soft zone spread, 500 nodes fit', 'preferred anti-affinity, 500 nodes fit')


def lines_of(command, kind):
    """-> fields of the lines that begin with `kind`; the last field is the rest of the line"""
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split(None, 6 if kind == 'fit' else 4)[1:] for line in done.stdout.splitlines() if line.startswith(kind + ' ')]


def ask_scheduler(sizes):
    """kube-scheduler's own PreFilter and Filter on the same clusters -> {(nodes, question): (all nodes, until enough fit)} in microseconds"""
    oracle = os.path.join(HERE, '..', 'build', 'oracle', 'oracle')
    if not os.path.exists(oracle):
        return {}
    rows = lines_of([oracle, '-bench', ','.join(map(str, sizes))], 'scheduler')
    return {(int(nodes), what): (int(every) / 1000, int(some) / 1000) for nodes, every, some, what in rows}


def fit(build):
    print('one judgement at 150,000 pods, asked for the first time (CPU time) and again; a whole review of the same pod without the network; PreFilter and Filter of kube-scheduler 1.36.3 (one goroutine):')
    print('all nodes, and until as many fit as it is content with. Medians in microseconds')
    cluster = os.path.join(build, 'bench', 'bench_cluster')
    scheduler = ask_scheduler(FIT_SIZES)
    measured = {}
    print('%7s %-46s %9s %9s %9s %10s %10s %8s' % ('nodes', 'question', 'new', 'fit', 'review', 'all nodes', 'enough', 'ratio'))
    for size in FIT_SIZES:
        for nodes, first, again, review, _, what in lines_of([cluster, str(size)], 'fit'):
            fit_us, review_us = int(again) / 1000, int(review) / 1000
            measured[int(nodes), what] = fit_us, review_us
            theirs = scheduler.get((int(nodes), what))
            beside = '%10.0f %10.0f %8.0f' % (*theirs, theirs[1] / fit_us) if theirs else '%10s %10s %8s' % ('-', '-', '-')
            print('%7s %-46s %9.1f %9.1f %9.1f %s' % (nodes, what, int(first) / 1000, fit_us, review_us, beside), flush=True)
    if not scheduler:
        print('kube-scheduler was not asked: no Go to build tests/oracle with')
    row('plain pod, whole review, 130,000 : 100 nodes', '%.2f' % (measured[130000, 'plain'][1] / measured[100, 'plain'][1]), 'target <= 1.2')
    for what in LIMITED:
        row(what + ', 5,000 nodes', '%.1f us' % measured[5000, what][0], 'target <= %d us' % FIT_LIMIT_US)
    for nodes, of_node, of_pod in (line.split()[1:] for line in sizes_of(cluster)):
        row('model: bytes a node, a pod (%s nodes, 50 images each)' % nodes, '%s, %s' % (of_node, of_pod), 'target <= 400, 200')


def sizes_of(cluster):
    done = subprocess.run([cluster, '--bytes', '5000', '130000'], capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if line.startswith('bytes ')]


COLD_NODES, COLD_PODS, COLD_EVENTS = 5000, 150000, 500
COLD_BYTES = COLD_NODES * 13000 + COLD_PODS * 9000
KUBECONFIG = '''apiVersion: v1
kind: Config
current-context: stub
clusters: [{name: stub, cluster: {server: "http://127.0.0.1:%d"}}]
users: [{name: stub, user: {}}]
contexts: [{name: stub, context: {cluster: stub, user: stub}}]
'''


def usage(pid):
    """CPU seconds, peak and present memory in MiB of a process"""
    with open('/proc/%d/stat' % pid, encoding='ascii') as f:
        fields = f.read().rsplit(')', 1)[1].split()
    with open('/proc/%d/status' % pid, encoding='ascii') as f:
        memory = {line.split(':')[0]: int(line.split()[1]) / 1024 for line in f if line.startswith('Vm')}
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK'), memory['VmHWM'], memory['VmRSS']


def is_ready(port):
    try:
        with urllib.request.urlopen('http://127.0.0.1:%d/readyz' % port, timeout=10) as answer:
            return answer.status == 200
    except OSError:
        return False


def wait_for(process, condition, seconds, what):
    start = time.monotonic()
    while not condition():
        if process.poll() is not None or time.monotonic() - start > seconds:
            raise SystemExit('podfit serve: %s not within %d s' % (what, seconds))
        time.sleep(0.02)
    return time.monotonic() - start


def cold_start(servers, streaming):
    """`podfit serve` against an API server of 5,000 nodes and 150,000 pods that change 500 times a second"""
    name = 'cold-%d' % streaming
    stub = subprocess.Popen([os.path.join(servers.build, 'bench', 'stub_api'), str(COLD_NODES), str(COLD_PODS), str(COLD_EVENTS), str(streaming)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    servers.running.append(stub)
    with open(servers.path(name), 'w', encoding='ascii') as f:
        f.write(KUBECONFIG % int(stub.stdout.readline()))
    ports = servers.path(name + '-ports')
    with open(servers.path(name + '-log'), 'w', encoding='utf8') as log:
        podfit = subprocess.Popen([servers.podfit, 'serve', '--config', servers.path('config.yaml'), '--kubeconfig', servers.path(name), '--cert-dir',
                                   servers.path('certs'), '--listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0', '--port-file', ports,
                                   '--shutdown-delay', '0s'], stdout=log, stderr=log)
    servers.running.append(podfit)
    start = time.monotonic()
    wait_for(podfit, lambda: os.path.exists(ports) and len(open(ports, encoding='ascii').read().split()) == 2, 30, 'listening')
    ops = int(open(ports, encoding='ascii').read().split()[1])
    wait_for(podfit, lambda: is_ready(ops), 300, 'ready')
    wall = time.monotonic() - start
    cpu, peak, _ = usage(podfit.pid)
    time.sleep(10)
    later, _, settled = usage(podfit.pid)
    kind = 'streaming lists' if streaming else 'pages of 500'
    row('ready after %.2f GB in %s' % (COLD_BYTES / 1e9, kind), '%.1f s' % wall)
    row('list data a second of CPU time', '%.0f MB' % (COLD_BYTES / 1e6 / cpu), 'target >= 100')
    row('memory settled', '%.1f MiB' % settled, 'target <= 64')
    row('memory at the peak, more than settled', '%.1f MiB' % max(0, peak - settled), 'target <= 32')
    row('CPU at %d events a second' % COLD_EVENTS, '%.1f %%' % ((later - cpu) * 10), 'target <= %.1f' % (COLD_EVENTS / 200))
    for process in (podfit, stub):
        process.terminate()
        process.wait(30)


def cold(servers):
    print('cold start against an API server of %d nodes of 13 KB and %d pods of 9 KB' % (COLD_NODES, COLD_PODS))
    for streaming in (1, 0):
        cold_start(servers, streaming)


PARTS = {
    'webhook': webhook,
    'fit': lambda servers: fit(servers.build),
    'model': lambda servers: model(servers.build),
    'watch': lambda servers: watch(servers.build),
    'cold': cold,
}


def main(args):
    unknown = set(args[1:]) - set(PARTS)
    if not args or unknown:
        raise SystemExit('usage: run.py BUILD [%s]...' % '|'.join(PARTS))
    with tempfile.TemporaryDirectory(prefix='podfit-bench-') as folder:
        servers = Servers(os.path.abspath(args[0]), folder)
        try:
            for part in args[1:] or PARTS:
                PARTS[part](servers)
        finally:
            servers.stop()
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
