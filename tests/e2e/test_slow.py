#!/usr/bin/env python3
"""Slow, silent, greedy and broken clients: they are cut off in time, cost no CPU, and others are served meanwhile."""
import os
import socket
import ssl
import threading
import time

import harness
from harness import Case, read_answer, request_bytes, review

REQUEST_S = 2.0
FIRST_S = 5.0


def client_hello(context=None):
    """The bytes of a real ClientHello."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    obj = (context or ssl.create_default_context()).wrap_bio(incoming, outgoing, server_hostname='localhost')
    try:
        obj.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def ended(sock, seconds):
    """Does the server end the connection within this time?"""
    sock.settimeout(seconds)
    try:
        while sock.recv(4096):
            pass
        return True
    except (ConnectionError, ssl.SSLError) as error:
        return not isinstance(error, (socket.timeout, ssl.SSLWantReadError))
    except socket.timeout:
        return False


class Slow(Case):
    options = ('--request-timeout', '2s', '--idle-timeout', '2s')

    def good(self, number=1):
        began = time.monotonic()
        answer = self.podfit.post(review(number, namespace='elsewhere'))
        self.assertEqual(answer.status, 200)
        return time.monotonic() - began

    def trickle(self, pieces, limit):
        """One piece each 0.1 s; returns after how long the server hung up."""
        with self.podfit.connect() as sock:
            sock.settimeout(0.05)
            began = time.monotonic()
            for piece in pieces:
                try:
                    sock.sendall(piece)
                    time.sleep(0.1)
                    if sock.recv(4096) == b'':
                        return time.monotonic() - began
                except (socket.timeout, ssl.SSLWantReadError):
                    pass
                except OSError:
                    return time.monotonic() - began
                if time.monotonic() - began > limit:
                    break
        return None

    def test_an_early_close_is_warned_of(self):
        self.assertIn("option '--idle-timeout': 2000ms is not above the 90000ms", self.podfit.read('log'))

    def test_slow_headers(self):
        pieces = [b'POST /mutate HTTP/1.1\r\nHost: x\r\n'] + [b'X-%d: y\r\n' % i for i in range(300)]
        took = self.trickle(pieces, (REQUEST_S + 2) * harness.SLOW)
        self.assertIsNotNone(took, 'a client that sends headers for ever is kept')
        self.assertGreater(took, REQUEST_S - 0.3)

    def test_slow_request_line(self):
        took = self.trickle([b'P'] * 300, (FIRST_S + 2) * harness.SLOW)
        self.assertIsNotNone(took, 'a client that never ends its request line is kept')

    def test_slow_body(self):
        head = request_bytes(b'', headers={'Content-Length': '100000'})
        took = self.trickle([head] + [b'{'] * 300, (REQUEST_S + 2) * harness.SLOW)
        self.assertIsNotNone(took, 'a client that sends a body for ever is kept')
        self.good()

    def test_slow_request_line_on_a_kept_connection(self):
        with self.podfit.connect() as sock:
            sock.sendall(request_bytes(review(1, namespace='elsewhere')))
            self.assertEqual(read_answer(sock).status, 200)
            sock.settimeout(0.05)
            began = time.monotonic()
            hung_up = False
            while not hung_up and time.monotonic() - began < 4 * harness.SLOW:
                try:
                    sock.sendall(b'P')
                    time.sleep(0.1)
                    hung_up = sock.recv(100) == b''
                except (socket.timeout, ssl.SSLWantReadError):
                    pass
                except OSError:
                    hung_up = True
            self.assertTrue(hung_up)

    def test_idle_connection_is_closed_in_time(self):
        with self.podfit.connect() as sock:
            sock.sendall(request_bytes(review(1, namespace='elsewhere')))
            self.assertEqual(read_answer(sock).status, 200)
            began = time.monotonic()
            self.assertTrue(ended(sock, 4 * harness.SLOW))
            self.assertGreater(time.monotonic() - began, 1.7)

    def test_stalled_handshakes_cost_no_cpu(self):
        hello = client_hello()
        socks = []
        for i in range(40):
            sock = self.podfit.raw()
            sock.sendall(hello if i % 2 == 0 else hello[:100])
            socks.append(sock)
        time.sleep(0.5)  # the handshakes' own work
        before = self.podfit.cpu_seconds()
        time.sleep(3)
        spent = self.podfit.cpu_seconds() - before
        self.assertLess(spent, 0.3 * harness.SLOW, 'stalled handshakes burn CPU')
        self.good()
        for sock in socks:
            self.assertTrue(ended(sock, (FIRST_S + 2) * harness.SLOW), 'a stalled handshake is kept')
            sock.close()

    def test_silent_connection_is_closed(self):
        with self.podfit.raw() as sock:
            began = time.monotonic()
            self.assertTrue(ended(sock, (FIRST_S + 2) * harness.SLOW))
            self.assertGreater(time.monotonic() - began, FIRST_S - 1)

    def test_garbage_instead_of_tls(self):
        failed = self.podfit.metric('podfit_tls_handshakes_total{result="failed"}')
        junk = [b'GET / HTTP/1.1\r\nHost: x\r\n\r\n', b'\x16\x03\x01\xff\xff' + os.urandom(500), os.urandom(2000), b'\x80\x2e\x01', client_hello()[:-20] + os.urandom(40),
                b'\x15\x03\x03\x00\x02\x02\x28']
        for piece in junk:
            with self.podfit.raw() as sock:
                sock.sendall(piece)
                sock.settimeout(0.2)
                try:
                    sock.recv(1000)
                except OSError:
                    pass
        self.good()
        self.podfit.wait_for(lambda: self.podfit.metric('podfit_tls_handshakes_total{result="failed"}') >= failed + len(junk), 'failed handshakes to be counted')

    def test_answer_nobody_reads(self):
        """Requests without reading the answers: the socket fills up, and the connection is cut."""
        with self.podfit.connect() as sock:
            sock.settimeout(0.5)
            data = request_bytes(review(1, namespace='elsewhere'))
            try:
                for _ in range(20000):
                    sock.sendall(data)
            except OSError:
                pass
            self.good()


class Budget(Case):
    options = ('--request-timeout', '60s')  # what the clients hold is not to run out meanwhile

    def wait_until_read(self):
        """The clients have sent, but sockets hold megabytes: wait until the server has no more to do."""
        spent = -1.0
        while spent != self.podfit.cpu_seconds():
            spent = self.podfit.cpu_seconds()
            time.sleep(0.3)

    def test_large_bodies_share_a_budget(self):
        """Twenty clients hold 6 MiB each, unfinished (8 MiB of memory each, 64 MiB are allowed): small reviews go on, what is too much gets 503."""
        body = b' ' * (6 * 1024 * 1024)
        barrier = threading.Barrier(21)
        statuses = []

        def hold():
            with self.podfit.connect() as sock:
                sock.sendall(request_bytes(body, path='/mutate?timeout=30s', headers={'Content-Length': str(len(body) + 1)}))
                barrier.wait(30 * harness.SLOW)
                barrier.wait(30 * harness.SLOW)
                sock.sendall(b' ')
                answer = read_answer(sock)
                statuses.append((answer.status, answer.headers.get('retry-after')))
        threads = [threading.Thread(target=hold) for _ in range(20)]
        for thread in threads:
            thread.start()
        barrier.wait(30 * harness.SLOW)
        self.wait_until_read()
        for i in range(10):
            self.assertEqual(self.podfit.post(review(i, namespace='elsewhere')).status, 200)
        barrier.wait(30 * harness.SLOW)
        for thread in threads:
            thread.join()
        self.assertEqual(len(statuses), 20)
        self.assertEqual(set(statuses), {(503, '1'), (400, None)})
        self.assertGreaterEqual(statuses.count((503, '1')), 12)
        self.assertEqual(self.podfit.post(review(1, namespace='elsewhere', pad=3 * 1024 * 1024)).status, 200)


class Trickle(Case):
    options = ('--max-connections', '150', '--request-timeout', '60s')  # what they hold does not run out meanwhile

    def test_unfinished_requests_disturb_nobody(self):
        """As many clients as are allowed, all in the middle of a request: new clients are served all the same."""
        socks = []
        for _ in range(150):
            sock = self.podfit.connect()
            sock.sendall(request_bytes(b'{', headers={'Content-Length': '100000'}))
            socks.append(sock)
        self.podfit.wait_for(lambda: self.podfit.stats()['connections']['busy'] == 150, 'their requests to begin')
        time.sleep(1.1)  # younger ones might be reviews
        for i in range(20):
            answer = self.podfit.post(review(i, namespace='elsewhere'))
            self.assertIsNotNone(answer, 'turned away')
            self.assertEqual(answer.status, 200)
        self.assertGreaterEqual(self.podfit.metric('podfit_connections_ended_total{reason="evicted"}'), 1)
        for sock in socks:
            sock.close()


class Crowd(Case):
    options = ('--max-connections', '300', '--idle-timeout', '60s')

    def test_idle_connections_disturb_nobody(self):
        """500 kept connections against a limit of 300: new clients are served at once, the oldest idle ones make room."""
        keeper = self.podfit.connect()
        body = review(1, namespace='elsewhere')
        crowd = []
        for i in range(500):
            sock = self.podfit.connect()
            sock.sendall(request_bytes(body))
            self.assertEqual(read_answer(sock).status, 200)
            crowd.append(sock)
            if i % 20 == 0:  # a busy client among them is not the one that is missed least
                keeper.sendall(request_bytes(body))
                self.assertEqual(read_answer(keeper).status, 200)
        began = time.monotonic()
        for _ in range(20):
            self.assertEqual(self.podfit.post(body).status, 200)
        self.assertLess(time.monotonic() - began, 10 * harness.SLOW)
        open_now = self.podfit.stats()['connections']
        self.assertLessEqual(open_now['idle'] + open_now['busy'] + open_now['fresh'], 300)
        keeper.sendall(request_bytes(body))
        self.assertEqual(read_answer(keeper).status, 200)
        self.assertGreaterEqual(self.podfit.metric('podfit_connections_ended_total{reason="evicted"}'), 200)
        for sock in crowd + [keeper]:
            sock.close()

    def test_silent_crowd_disturbs_nobody(self):
        socks = [self.podfit.raw() for _ in range(500)]
        body = review(1, namespace='elsewhere')
        time.sleep(1.1)
        for _ in range(20):
            self.assertEqual(self.podfit.post(body).status, 200)
        for sock in socks:
            sock.close()

    def test_ops_port_stays_alive(self):
        socks = [socket.create_connection(('127.0.0.1', self.podfit.ops_port), timeout=10) for _ in range(200)]
        time.sleep(1.1)
        for _ in range(10):
            self.assertEqual(self.podfit.ops('/livez')[0], 200)
        for sock in socks:
            sock.close()


if __name__ == '__main__':
    harness.main()
