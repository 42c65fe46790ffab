"""What kube-proxy and endpoints are to replicas: one address, connections go to those that are ready."""
import select
import socket
import threading


class Balancer:
    """A TCP proxy on loopback; `backends` is a list of (port, ready()) that may change at any time."""

    POLL_SECONDS = 0.1

    def __init__(self):
        self.backends, self.ready, self.turn = [], [], 0
        self.ended = threading.Event()
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        for work in (self.accept, self.probe):
            threading.Thread(target=work, daemon=True).start()

    def probe(self):
        while not self.ended.wait(self.POLL_SECONDS):
            self.ready = [port for port, ready in list(self.backends) if ready()]

    def accept(self):
        while not self.ended.is_set():
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def connect(self):
        """A connection to some replica that is ready, as the endpoints of a moment ago say; another one when it refuses, as clients of a Service retry."""
        ports = list(self.ready)
        self.turn += 1
        for i in range(len(ports)):
            try:
                return socket.create_connection(('127.0.0.1', ports[(self.turn + i) % len(ports)]), timeout=5)
            except OSError:
                continue
        return None

    def serve(self, client):
        with client:
            server = self.connect()
            if server is None:
                return
            with server:
                self.copy(client, server)

    def copy(self, client, server):
        other = {client: server, server: client}
        while not self.ended.is_set():
            for source in select.select(list(other), [], [], 1)[0]:
                try:
                    data = source.recv(65536)
                    if not data:
                        return
                    other[source].sendall(data)
                except OSError:
                    return

    def end(self):
        self.ended.set()
        self.listener.close()
