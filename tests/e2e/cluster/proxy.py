"""A TCP proxy on loopback that can be cut: what stands between podfit and its API server when the network fails."""
import selectors
import socket
import threading


class Proxy:
    """Forwards connections to a port until told otherwise; `with Proxy(port) as proxy`."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.is_open, self.stopping, self.accepted = True, False, 0
        self.lock = threading.Lock()
        self.pairs, self.frozen = {}, set()  # the pairs in their order
        self.thread = threading.Thread(target=self.accept, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        self.cut()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()

    def accept(self):
        while not self.stopping:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            if self.is_open and not self.stopping:
                threading.Thread(target=self.forward, args=(client,), daemon=True).start()
            else:
                client.close()

    def forward(self, client):
        try:
            server = socket.create_connection(('127.0.0.1', self.target))
        except OSError:
            client.close()
            return
        pair = (client, server)
        with self.lock:
            self.pairs[pair] = True
        try:
            self.copy(pair)
        except OSError:
            pass  # cut, or one side has gone
        with self.lock:
            self.pairs.pop(pair, None)
            self.frozen.discard(pair)
        client.close()
        server.close()

    def copy(self, pair):
        other = {pair[0]: pair[1], pair[1]: pair[0]}
        with selectors.DefaultSelector() as selector:
            for sock in other:
                selector.register(sock, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    data = key.fileobj.recv(65536)
                    if not data:
                        return
                    if pair not in self.frozen:
                        other[key.fileobj].sendall(data)

    def freeze(self, oldest_only=False):
        """From now on what comes on the connections that are there is taken and goes nowhere; new ones work."""
        with self.lock:
            self.frozen |= set(list(self.pairs)[:1] if oldest_only else self.pairs)

    def cut(self):
        """Ends all connections."""
        with self.lock:
            for pair in self.pairs:
                for sock in pair:
                    try:
                        sock.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass

    def close(self):
        """The API server cannot be reached until open()."""
        self.is_open = False
        self.cut()

    def open(self):
        self.is_open = True
