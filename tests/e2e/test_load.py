#!/usr/bin/env python3
"""Many clients: exact room under concurrency, thousands of connections without a leak, drain without a failed review, the audit log on a full disk."""
import json
import multiprocessing
import os
import signal
import ssl
import threading
import time

import harness
from harness import Case, Podfit, config, node, read_answer, request_bytes, review, snapshot

TTL_S = 6


def in_processes(work, parts):
    """Run work(part) in processes of their own (a Python process drives one core); returns their results."""
    context = multiprocessing.get_context('fork')
    with context.Pool(len(parts)) as pool:
        return pool.map(work, parts)


class Room(Case):
    config_text = config(ttl='%ds' % TTL_S)
    snapshot_text = snapshot([node('n%d' % i, pods=30) for i in range(10)])

    def creates(self, first, count, connections):
        """Concurrent creates over so many kept connections; returns the number admitted."""
        lock, admitted, failures = threading.Lock(), [], []
        numbers = iter(range(first, first + count))

        def work():
            try:
                with self.podfit.connect() as sock:
                    while True:
                        with lock:
                            number = next(numbers, None)
                        if number is None:
                            return
                        sock.sendall(request_bytes(review(number)))
                        answer = read_answer(sock)
                        if answer.review()['allowed']:
                            admitted.append(number)
            except Exception as error:  # noqa: B902
                failures.append(repr(error))
        threads = [threading.Thread(target=work) for _ in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        return len(admitted)

    def test_exactly_as_many_as_there_is_room_for(self):
        began = time.monotonic()
        admitted = self.creates(0, 1000, 64)
        ended = time.monotonic()
        self.assertLess(ended - began, TTL_S, 'too slow for this TTL: room came back meanwhile')
        self.assertEqual(admitted, 300)
        text = self.podfit.post(review(5000)).review()['status']['message']
        self.assertTrue(text.startswith('0/10 nodes are available: 10 Too many pods.'), text)
        time.sleep(max(0.0, TTL_S + 0.2 - (time.monotonic() - ended)))  # the youngest reservation runs out
        self.assertEqual(self.creates(10000, 400, 16), 300)


class Many(Case):
    def test_new_connections(self):
        """A new connection for each review, as an API server has it above 25 calls at once: no failure, no growth."""
        def run(count):
            def work(part):
                context = ssl.create_default_context(cafile=self.podfit.path('certs/ca.crt'))
                failures = 0
                for i in range(count // 4):
                    with self.podfit.connect(context) as sock:
                        sock.sendall(request_bytes(review(part * 1000000 + i, dry_run=True)))
                        answer = read_answer(sock)
                        failures += 0 if answer is not None and answer.status == 200 and answer.review()['allowed'] else 1
                return failures
            globals()['many_work'] = work
            return sum(in_processes(many_call, [1, 2, 3, 4]))
        self.assertEqual(run(int(1000 * harness.SCALE)), 0)
        descriptors, resident = self.podfit.descriptors(), self.podfit.resident_bytes()
        total = int(10000 * harness.SCALE)
        self.assertEqual(run(total), 0)
        self.podfit.wait_for(lambda: self.podfit.descriptors() <= descriptors + 2, 'descriptors to be closed')
        growth = self.podfit.resident_bytes() - resident
        # sanitizers keep freed memory on purpose
        self.assertLess(growth, (4 if harness.SLOW == 1 else 200) * 1024 * 1024, 'memory grew by %d bytes over %d connections' % (growth, total))
        self.assertGreaterEqual(self.podfit.metric('podfit_connections_accepted_total'), total)


def many_call(part):
    return globals()['many_work'](part)


class Drain(harness.unittest.TestCase):
    def test_no_review_fails_while_stopping(self):
        podfit = Podfit(['--shutdown-delay', '1s', '--drain-timeout', '20s'])
        try:
            failures, counts, closed = [], [0], [0]
            lock = threading.Lock()
            stop_new = threading.Event()

            def client():
                """As Go's transport: keeps its connection until an answer closes it; after that endpoints have changed and it goes elsewhere."""
                try:
                    while not stop_new.is_set():
                        with podfit.connect() as sock:
                            while True:
                                sock.sendall(request_bytes(review(1, dry_run=True)))
                                answer = read_answer(sock)
                                if answer is None or answer.status != 200:
                                    failures.append('no answer' if answer is None else answer.body)
                                    return
                                with lock:
                                    counts[0] += 1
                                if answer.headers.get('connection', '').lower() == 'close':
                                    with lock:
                                        closed[0] += 1
                                    break
                                time.sleep(0.002)
                except Exception as error:  # noqa: B902
                    failures.append(repr(error))
            threads = [threading.Thread(target=client) for _ in range(16)]
            for thread in threads:
                thread.start()
            time.sleep(0.5)
            idle = podfit.connect()
            idle.sendall(request_bytes(review(1, dry_run=True)))
            read_answer(idle)
            podfit.process.send_signal(signal.SIGTERM)
            podfit.wait_for(lambda: podfit.ops('/readyz')[0] == 503, 'readiness to go off')
            self.assertEqual(podfit.ops('/livez')[0], 200)
            self.assertIn('[-]shutdown', podfit.ops('/readyz')[1])
            began = counts[0]
            time.sleep(0.4)
            self.assertGreater(counts[0], began, 'it serves on while endpoints are withdrawn')
            podfit.wait_for(lambda: closed[0] >= 16, 'connections to be closed on their answers')
            idle.sendall(request_bytes(review(1, dry_run=True)))  # an idle connection is not cut at the start of the drain
            self.assertEqual(read_answer(idle).headers['connection'].lower(), 'close')
            idle.close()
            stop_new.set()
            for thread in threads:
                thread.join()
            self.assertEqual(podfit.process.wait(20 * harness.SLOW), 0)
            self.assertEqual(failures, [])
        finally:
            podfit.remove()

    def test_idle_server_has_nobody_to_wait_for(self):
        """Nothing connected: no second of quiet is waited for. The best of three, the machine may be busy."""
        took = []
        for _ in range(3):
            podfit = Podfit()
            try:
                began = time.monotonic()
                self.assertEqual(podfit.stop(), 0)
                took.append(time.monotonic() - began)
            finally:
                podfit.remove()
        self.assertLess(min(took), 1.0)

    def test_second_signal_stops_at_once(self):
        podfit = Podfit(['--shutdown-delay', '60s'])
        try:
            podfit.process.send_signal(signal.SIGTERM)
            podfit.wait_for(lambda: podfit.ops('/readyz')[0] == 503, 'readiness to go off')
            began = time.monotonic()
            self.assertEqual(podfit.stop(signal.SIGINT), 0)
            self.assertLess(time.monotonic() - began, 10 * harness.SLOW)
        finally:
            podfit.remove()

    def test_clients_that_never_stop(self):
        podfit = Podfit(['--shutdown-delay', '0s', '--drain-timeout', '1s'])
        try:
            stop = threading.Event()

            def client():
                while not stop.is_set():
                    try:
                        podfit.post(review(1, dry_run=True))
                    except OSError:
                        pass
            thread = threading.Thread(target=client)
            thread.start()
            try:
                self.assertEqual(podfit.stop(), 0)
            finally:
                stop.set()
                thread.join()
        finally:
            podfit.remove()


class Audit(harness.unittest.TestCase):
    def test_log_holds_the_rejections(self):
        podfit = Podfit()
        try:
            podfit.stop()
            podfit.options += ['--audit-log', podfit.path('audit.jsonl')]
            podfit.start()
            self.assertTrue(podfit.post(review(1)).review()['allowed'])
            self.assertFalse(podfit.post(review(2, cpu='500')).review()['allowed'])
            self.assertFalse(podfit.post(review(3, cpu='500', dry_run=True)).review()['allowed'])
            podfit.wait_for(lambda: os.path.exists(podfit.path('audit.jsonl')) and len(podfit.read('audit.jsonl').splitlines()) >= 2, 'the records')
            os.rename(podfit.path('audit.jsonl'), podfit.path('old.jsonl'))
            podfit.process.send_signal(signal.SIGHUP)
            podfit.wait_for(lambda: 'reloaded the certificate' in podfit.read('log'), 'the signal to be dealt with')
            self.assertFalse(podfit.post(review(4, cpu='600')).review()['allowed'])
            podfit.wait_for(lambda: os.path.exists(podfit.path('audit.jsonl')), 'the log to be opened anew')
            self.assertEqual(podfit.stop(), 0)
            self.assertNotIn('Sanitizer', podfit.read('log'))
            first = [json.loads(line) for line in podfit.read('old.jsonl').splitlines()]
            second = [json.loads(line) for line in podfit.read('audit.jsonl').splitlines()]
            uids = {record.get('reviewUid') for record in first}
            self.assertIn('00000000-0000-4000-8000-%012d' % 2, uids)
            self.assertNotIn('00000000-0000-4000-8000-%012d' % 1, uids)
            record = [r for r in first if r.get('reviewUid', '').endswith('2')][0]
            self.assertEqual((record['class'], record['verdict'], record['action'], record['namespace'], record['name']),
                             ('projects', 'never', 'reject', 'cocalc', 'project-2'))
            self.assertIn('Insufficient cpu', record['message'])
            self.assertTrue(any(r.get('reviewUid', '').endswith('4') for r in second), second)
        finally:
            podfit.remove()

    def test_full_disk(self):
        podfit = Podfit()
        try:
            podfit.stop()
            podfit.options += ['--audit-log', '/dev/full']
            podfit.start()
            for i in range(50):
                self.assertFalse(podfit.post(review(i, cpu='500')).review()['allowed'])
            podfit.wait_for(lambda: podfit.metric('podfit_audit_records_total{result="failed"}') > 0, 'the failure to be counted')
            self.assertEqual(podfit.ops('/readyz')[0], 200)
            self.assertEqual(podfit.stop(), 0)
            said = [line for line in podfit.read('log').split('\n') if 'records are being lost' in line]
            self.assertEqual(len(said), 1, 'once, not for each record')
            self.assertIn("cannot write to the audit log '/dev/full': No space left on device", said[0])
        finally:
            podfit.remove()


if __name__ == '__main__':
    harness.main()
