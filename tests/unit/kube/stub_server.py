#!/usr/bin/env python3
"""stub_server FOLDER tls|plain|mutual: an API server for tests on a port of 127.0.0.1 that it prints; what it does is chosen by the path. It ends with its standard input.

Certificate and key are FOLDER/tls.crt and FOLDER/tls.key, read at each connection, and the accepted token is in FOLDER/accepted, read at each request.
mutual: it makes FOLDER/client.crt and FOLDER/client.key and lets nobody in without them.
"""
import http.server
import json
import os
import ssl
import subprocess
import sys
import threading
import time

STATUS = {'kind': 'Status', 'apiVersion': 'v1', 'metadata': {}, 'status': 'Failure'}
LEASES = '/apis/coordination.k8s.io/v1/namespaces/podfit/leases'
leases = {}
lock = threading.Lock()
counts = {'connections': 0, 'requests': 0}
release = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def answer(self, code, body, **headers):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(code)
        self.send_header('Content-Length', str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace('_', '-'), value)
        self.end_headers()
        self.wfile.write(body)

    def status(self, code, reason, message, **headers):
        self.answer(code, json.dumps(dict(STATUS, code=code, reason=reason, message=message)), **headers)

    def do_ok(self):
        self.answer(200, 'ok')

    def do_echo(self, body):
        self.answer(200, json.dumps({'method': self.command, 'path': self.path, 'headers': dict(self.headers), 'body': body.decode()}))

    def do_counts(self):
        self.answer(200, '%(connections)d %(requests)d' % counts)

    def do_auth(self):
        with open(os.path.join(self.server.folder, 'accepted'), encoding='utf8') as file:
            accepted = file.read().strip()
        if self.headers.get('Authorization') == 'Bearer ' + accepted:
            self.answer(200, 'in')
        else:
            self.status(401, 'Unauthorized', 'Unauthorized')

    def do_forbidden(self):
        self.status(403, 'Forbidden', 'pods is forbidden: User "x" cannot list resource "pods" in API group "" at the cluster scope')

    def do_missing(self):
        self.status(404, 'NotFound', 'pods "a" not found')

    def do_conflict(self):
        self.status(409, 'Conflict', 'the object has been\nmodified')

    def do_busy(self):
        self.status(429, 'TooManyRequests', 'too many requests', Retry_After='7')

    def do_page(self):
        self.answer(502, '<html>' + 'x' * 1000)

    def do_redirect(self):
        self.answer(302, '', Location='/ok')

    def do_truncated(self):
        self.send_response(200)
        self.send_header('Content-Length', '1000')
        self.end_headers()
        self.wfile.write(b'0123456789')
        self.close_connection = True

    def do_slow(self):
        self.send_response(200)
        self.send_header('Content-Length', '20')
        self.end_headers()
        for _ in range(20):
            self.wfile.write(b'x')
            self.wfile.flush()
            time.sleep(0.005)

    def do_drip(self):
        """A byte each ten milliseconds, for as long as somebody takes them."""
        self.send_response(200)
        self.send_header('Connection', 'close')
        self.end_headers()
        self.close_connection = True
        for _ in range(3000):
            self.wfile.write(b'x')
            self.wfile.flush()
            time.sleep(0.01)

    def do_big(self):
        self.answer(200, b'x' * 100000)

    def do_hang(self):
        release.wait(60)
        self.close_connection = True

    def do_together(self):
        """Answers when eight of these are there at once."""
        self.server.together.wait(30)
        self.do_ok()

    def do_lease(self, body):
        """A store of leases with resourceVersion; the file FOLDER/output, if it is there, makes it fail."""
        name = self.path[len(LEASES) + 1:] or json.loads(body)['metadata']['name']
        with lock:
            lease = leases.get(name)
            if os.path.exists(os.path.join(self.server.folder, 'output')):
                self.status(500, 'InternalError', 'etcd is away')
            elif self.command == 'POST' and lease:
                self.status(409, 'AlreadyExists', 'it is there')
            elif self.command != 'POST' and not lease:
                self.status(404, 'NotFound', 'no lease')
            elif self.command == 'PATCH' and json.loads(body)['metadata']['resourceVersion'] != lease['metadata']['resourceVersion']:
                self.status(409, 'Conflict', 'it has changed')
            else:
                self.answer(200, json.dumps(self.changed_lease(name, lease, json.loads(body or 'null'))))

    @staticmethod
    def changed_lease(name, lease, change):
        if change:
            lease = lease or {'apiVersion': change['apiVersion'], 'kind': 'Lease', 'metadata': {'labels': {'kept': 'yes'}}, 'spec': {}}
            lease['metadata'].update(change['metadata'], resourceVersion=str(counts['requests']))
            lease['spec'].update(change['spec'])
            leases[name] = lease
        return lease

    def serve(self):
        counts['requests'] += 1
        body = self.rfile.read(int(self.headers.get('Content-Length', '0')))
        name = self.path.split('?')[0].strip('/')
        if name == 'echo':
            self.do_echo(body)
        elif self.path.startswith(LEASES):
            self.do_lease(body)
        else:
            getattr(self, 'do_' + name)()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder, mode):
        super().__init__(('127.0.0.1', 0), Handler)
        self.folder = folder
        self.mode = mode
        self.together = threading.Barrier(8)

    def finish_request(self, request, client_address):
        counts['connections'] += 1
        try:
            if self.mode != 'plain':
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(os.path.join(self.folder, 'tls.crt'), os.path.join(self.folder, 'tls.key'))
                if self.mode == 'mutual':
                    context.load_verify_locations(os.path.join(self.folder, 'client.crt'))
                    context.verify_mode = ssl.CERT_REQUIRED
                request = context.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)
        except OSError:
            pass  # the client went away, or refused us: that is what some tests want

    def handle_error(self, request, client_address):
        pass


def make_client_certificate(folder):
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-subj', '/CN=client',
                    '-keyout', os.path.join(folder, 'client.key'), '-out', os.path.join(folder, 'client.crt')], check=True, stderr=subprocess.DEVNULL)


def main():
    folder, mode = sys.argv[1:]
    if mode == 'mutual':
        make_client_certificate(folder)
    server = Server(folder, mode)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    release.set()


main()
