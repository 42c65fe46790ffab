"""The API client against a real API server that sends connections away (GOAWAY), a network that swallows what is sent, and the Lease between two who want it."""
import json
import os
import signal
import subprocess
import threading
import time

import scenario
from objects import node
from plane import ControlPlane, kubeconfig, write
from proxy import Proxy
from scenario import PATIENCE, wait_until
from webhook import BINARY, SLOW

LEASE_HOLDER = os.environ.get('LEASE_HOLDER', os.path.join(os.path.dirname(BINARY), 'tests', 'e2e', 'cluster', 'lease_holder'))
# what is under way when the connection is sent away comes to its end on it, so many a run needs one connection only
RUNS, RUNS_MAX = 20, 400
# as in lease_holder.c
DURATION, DEADLINE = 3.0, 2.0


class SentAway(scenario.Scenario):
    """On an API server that ends one connection in fifty requests, the most that it allows."""
    namespaces = ('cocalc',)

    @classmethod
    def start_plane(cls):
        return cls.stack.enter_context(ControlPlane(apiserver_flags=['--goaway-chance=0.02']))

    def setUp(self):
        super().setUp()
        self.proxy = Proxy(self.plane.port)
        self.proxy.__enter__()
        self.addCleanup(self.proxy.__exit__)
        self.through = self.plane.path('through-proxy.kubeconfig')
        write(self.through, kubeconfig('https://127.0.0.1:%d' % self.proxy.port, self.plane.ca_file, self.plane.state['tokens']['admin']))


class Connection(SentAway):
    def test_goaway(self):
        """Lists over HTTP/2 that the server wants to end: what is under way comes to its end, the rest goes on elsewhere."""
        self.create_nodes(*[node('n%d' % number) for number in range(3)])
        number = 0
        while number < RUNS or (self.proxy.accepted <= number and number < RUNS_MAX):
            done = subprocess.run([BINARY, 'nodes', '--kubeconfig', self.through, '-o', 'json'], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  timeout=60 * SLOW, check=False, encoding='utf8')
            self.assertEqual((done.returncode, done.stderr), (0, ''), 'run %d' % number)
            self.assertEqual(len(json.loads(done.stdout)['items']), 3)
            number += 1
        self.assertGreater(self.proxy.accepted, number, 'more connections than runs: some were sent away')

    def follow(self):
        self.serve(config=scenario.example_config().replace('maxModelAge: 60s', 'maxModelAge: 8s'), kubeconfig=self.through)
        self.podfit.wait_until_sees(0)

    def test_frozen(self):
        """Connections that stay open and are acknowledged, on which nothing comes any more: podfit takes new ones long before TCP would."""
        self.follow()
        self.freeze()

    def test_frozen_and_sent_away(self):
        """Watches are left on a connection that takes no new requests, and it freezes: what is asked is answered on another, and says nothing of them."""
        self.follow()
        tries = 1
        while len(self.proxy.pairs) < 2:
            self.assertLess(tries, RUNS_MAX, 'sent away while its watches stay')
            self.podfit.stop()
            wait_until(lambda: not self.proxy.pairs, 'the end of its connections', PATIENCE)
            self.podfit.start()
            self.podfit.wait_until_sees(0)
            tries += 1
        self.freeze(oldest_only=True)

    def freeze(self, **which):
        self.proxy.freeze(**which)
        self.create_nodes(node('late'))
        begin = time.monotonic()
        self.podfit.wait_until_sees(1)
        self.assertLess(time.monotonic() - begin, 20 * SLOW)


class Holder:
    """A process that wants the Lease; what it says is kept in `said`, as (word, seconds of the monotonic clock)."""

    def __init__(self, path, identity, skew=0):
        self.said, self.rest = [], []
        self.child = subprocess.Popen(['setpriv', '--pdeathsig', 'KILL', LEASE_HOLDER, path, 'cocalc', 'lease', identity, str(skew)],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding='utf8')
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.child.stdout:
            word, rest = line.split(' ', 1)
            if word in ('held', 'lost'):
                self.said.append((word, int(rest) / 1000))
            else:
                self.rest.append(line.strip())

    def holds(self):
        return bool(self.said) and self.said[-1][0] == 'held'

    def end(self):
        """Gracefully: it gives the Lease up."""
        self.child.stdin.close()
        status = self.child.wait(30 * SLOW)
        self.thread.join()
        self.child.stdout.close()
        return status

    def kill(self):
        """When it cannot act any more, as (word, time)."""
        self.child.kill()
        self.child.wait()
        self.said.append(('lost', time.monotonic()))
        self.end()


class Lease(SentAway):
    """Never two at once, whatever happens; and somebody else soon."""

    def setUp(self):
        super().setUp()
        self.api.delete('Lease', 'cocalc', 'lease')
        self.holders = []
        self.addCleanup(self.stop)

    def stop(self):
        for holder in self.holders:
            if holder.child.poll() is None:
                holder.child.kill()
                holder.end()

    def start(self, identity, **how):
        self.holders.append(Holder(how.pop('path', self.plane.admin_kubeconfig), identity, **how))
        return self.holders[-1]

    def two(self):
        """(Who holds it, who does not): clocks two hours apart, which must not matter."""
        pair = [self.start('a', skew=-3600), self.start('b', skew=3600)]
        holder = wait_until(lambda: next((h for h in pair if h.holds()), None), 'a holder', PATIENCE)
        return holder, pair[holder is pair[0]]

    def never_two(self):
        """Of all times at which somebody thought to hold it."""
        spans = []
        for holder in self.holders:
            for number, (word, at) in enumerate(holder.said):
                if word == 'held':
                    spans.append((at, holder.said[number + 1][1] if number + 1 < len(holder.said) else float('inf')))
        spans.sort()
        for (_, end), (begin, _) in zip(spans, spans[1:]):
            self.assertLessEqual(end, begin, [h.said for h in self.holders])

    def record(self):
        return self.api.get('Lease', 'cocalc', 'lease')['spec']

    def test_killed(self):
        holder, other = self.two()
        self.assertEqual(self.record()['leaseDurationSeconds'], DURATION)
        holder.kill()
        wait_until(other.holds, 'the other one', PATIENCE)
        self.assertGreater(other.said[-1][1] - holder.said[-1][1], DURATION - DEADLINE, 'it might still have been alive')
        self.assertEqual(self.record()['leaseTransitions'], 1)
        self.assertEqual(other.end(), 0)
        self.assertEqual(self.record().get('holderIdentity', ''), '', 'given up')
        self.never_two()

    def test_released(self):
        holder, other = self.two()
        begin = time.monotonic()
        self.assertEqual(holder.end(), 0)
        wait_until(other.holds, 'the other one', PATIENCE)
        self.assertLess(time.monotonic() - begin, DURATION * SLOW, 'nobody had to wait for its end')
        self.never_two()

    def test_stopped(self):
        """A process that does not run for a while has lost it when it runs again, before it does anything."""
        holder, other = self.two()
        os.kill(holder.child.pid, signal.SIGSTOP)
        wait_until(other.holds, 'the other one', PATIENCE)
        os.kill(holder.child.pid, signal.SIGCONT)
        wait_until(lambda: not holder.holds(), 'that it knows', PATIENCE)
        time.sleep(DURATION)
        self.assertTrue(other.holds() and not holder.holds())
        self.assertEqual([len(holder.said), len(other.said)], [2, 1])

    def test_conflicts(self):
        """Somebody writes to the object again and again: 409, read, and on, without a loss."""
        holder, other = self.two()
        for number in range(40):
            self.api.patch('Lease', 'cocalc', 'lease', {'metadata': {'annotations': {'touched': str(number)}}})
            time.sleep(0.1)
        self.assertEqual([len(holder.said), other.said], [1, []])
        self.assertEqual(holder.end(), 0)
        self.assertEqual(holder.rest, ['failures 0'])
        self.never_two()

    def test_cut_off(self):
        """A holder that cannot renew gives up before another may have it, and comes back."""
        first = self.start('cut', path=self.through)
        wait_until(first.holds, 'the first', PATIENCE)
        second = self.start('free')
        self.proxy.close()
        wait_until(second.holds, 'the other one', PATIENCE)
        self.assertEqual(first.said[-1][0], 'lost')
        self.proxy.open()
        self.assertEqual(second.end(), 0)
        wait_until(first.holds, 'the first again', PATIENCE)
        self.never_two()

    def test_frozen(self):
        """Connections that stay open and on which nothing comes: it renews on another one in time."""
        first = self.start('frozen', path=self.through)
        wait_until(first.holds, 'the first', PATIENCE)
        second = self.start('free')
        before = self.proxy.accepted
        for _ in range(2):
            self.proxy.freeze()
            time.sleep(2 * DURATION)
        self.assertEqual([len(first.said), second.said], [1, []])
        self.assertGreaterEqual(self.proxy.accepted, before + 2)
        self.assertEqual(first.end(), 0)
        wait_until(second.holds, 'the other one', PATIENCE)
        self.never_two()

    def test_record_of_another_clock(self):
        """What a record says of the time is of the clock of who wrote it: it counts as held until it has not changed for its duration, as seen here."""
        for when in ('2001-01-01T00:00:00.000000Z', '2099-01-01T00:00:00.000000Z'):
            with self.subTest(when=when):
                self.api.delete('Lease', 'cocalc', 'lease')
                self.api.create({'apiVersion': 'coordination.k8s.io/v1', 'kind': 'Lease', 'metadata': {'name': 'lease', 'namespace': 'cocalc'}, 'spec': {
                    'holderIdentity': 'stranger', 'leaseDurationSeconds': 2, 'acquireTime': when, 'renewTime': when, 'leaseTransitions': 5}})
                begin = time.monotonic()
                holder = self.start('a')
                wait_until(holder.holds, 'a new holder', PATIENCE)
                self.assertGreater(holder.said[-1][1] - begin, 2)
                self.assertEqual(self.record()['leaseTransitions'], 6)
                holder.kill()


if __name__ == '__main__':
    scenario.main()
