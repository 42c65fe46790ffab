"""An API server of nothing but lists, for what commands do with a cluster and without one. Standard library only.

    with fake_cluster.ApiServer(items=[...]) as server:
        kubeconfig = server.kubeconfig(folder)
"""
import http.server
import json
import os
import ssl
import subprocess
import threading
import urllib.parse

PLURALS = {'Node': '/api/v1/nodes', 'Pod': '/api/v1/pods', 'Namespace': '/api/v1/namespaces', 'Service': '/api/v1/services'}


def status(code, reason, message):
    return {'kind': 'Status', 'apiVersion': 'v1', 'metadata': {}, 'status': 'Failure', 'code': code, 'reason': reason, 'message': message}


def kubeconfig(folder, server, user=None, **cluster):
    """Write a kubeconfig with one context and give its path."""
    document = {'apiVersion': 'v1', 'kind': 'Config', 'current-context': 'main',
                'clusters': [{'name': 'main', 'cluster': dict(server=server, **cluster)}],
                'contexts': [{'name': 'main', 'context': {'cluster': 'main', 'user': 'main'}}],
                'users': [{'name': 'main', 'user': user or {'token': 'secret-of-the-test'}}]}
    path = os.path.join(folder, 'kubeconfig')
    with open(path, 'w', encoding='utf8') as file:
        json.dump(document, file)
    return path


def certificates(folder, name):
    """A self-signed certificate for 127.0.0.1. @return (certificate, key)"""
    cert, key = (os.path.join(folder, name + end) for end in ('.crt', '.key'))
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=' + name,
                    '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert], check=True, capture_output=True)
    return cert, key


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def answer(self, code, document):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(code)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def chunk(self, document):
        line = json.dumps(document).encode() + b'\n'
        self.wfile.write(b'%x\r\n%s\r\n' % (len(line), line))
        self.wfile.flush()

    def watch(self, items, initial):
        """Everything, where it was asked for, then silence until the server ends."""
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()
        if initial:
            for item in items:
                self.chunk({'type': 'ADDED', 'object': item})
            self.chunk({'type': 'BOOKMARK', 'object': {'metadata': {'resourceVersion': '9', 'annotations': {'k8s.io/initial-events-end': 'true'}}}})
        self.server.ended.wait(60)
        self.close_connection = True

    def send_error(self, code, message=None, explain=None):
        """Bytes that are no request: what came is kept for the test."""
        self.server.asked.append(getattr(self, 'raw_requestline', b'').decode('latin-1'))
        super().send_error(code, message, explain)

    def do_GET(self):
        self.server.asked.append(self.requestline)
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        refused = self.server.refusal(url.path)
        if refused:
            self.answer(*refused)
        elif url.path == '/version':
            self.answer(200, {'major': '1', 'minor': str(self.server.minor), 'gitVersion': 'v1.%d.0' % self.server.minor})
        elif query.get('watch') in ('1', 'true'):
            self.watch(self.server.items.get(url.path, []), query.get('sendInitialEvents') == 'true')
        else:
            self.answer(200, {'kind': 'List', 'apiVersion': 'v1', 'metadata': {'resourceVersion': '9'}, 'items': self.server.items.get(url.path, [])})


class ApiServer(http.server.ThreadingHTTPServer):
    """@param refused  path, or * for every other, to (status code, document or bytes)
    @param patience  after so many refusals of a path it is served; 0: never"""
    daemon_threads = True
    request_queue_size = 128  # podfit opens a connection for each kind

    def __init__(self, items=(), refused=None, minor=36, tls=None, patience=0):
        super().__init__(('127.0.0.1', 0), Handler)
        self.items, self.refused, self.minor = {}, refused or {}, minor
        self.ended = threading.Event()
        self.patience, self.refusals, self.asked = patience, {}, []
        self.scheme = 'https' if tls else 'http'
        for number, item in enumerate(items):
            item = dict(item, metadata=dict({'uid': 'uid-%d' % number, 'resourceVersion': '%d' % (number + 1)}, **item['metadata']))
            self.items.setdefault(PLURALS[item['kind']], []).append(item)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request, client_address):
        """Clients go away in the middle: that is what is tested."""

    def refusal(self, path):
        refused = self.refused.get(path, self.refused.get('*'))
        self.refusals[path] = self.refusals.get(path, 0) + 1
        return None if self.patience and self.refusals[path] > self.patience else refused

    @property
    def url(self):
        return '%s://127.0.0.1:%d' % (self.scheme, self.server_address[1])

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={'poll_interval': 0.05}, daemon=True).start()
        return self

    def __exit__(self, *args):
        self.ended.set()
        self.shutdown()
        self.server_close()
