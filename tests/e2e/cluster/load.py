"""Many clients at once."""
import collections
import threading
import time

from api import ApiError
from objects import project


RETRY_PAUSE_S = 0.2


class Burst:
    """`clients` threads, each with a connection of its own, create every object of a list once. What became of each is counted.

    With `retries` a creation that failed for another reason than podfit's refusal (a server that restarts, failurePolicy Fail) is tried again.
    """

    def __init__(self, api, objects, clients=64, retries=0):
        self.api, self.retries = api, retries
        self.waiting = collections.deque(objects)
        self.lock = threading.Lock()
        self.admitted, self.refused, self.failed = [], [], []
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(clients)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def answered(self):
        return len(self.admitted) + len(self.refused)

    def wait_answered(self, number, seconds=60.0):
        """Returns in the middle of the burst."""
        end = time.monotonic() + seconds
        while self.answered() < number:
            assert time.monotonic() < end, 'only %d creations were answered; failed: %s' % (self.answered(), self.failed[:3])
            time.sleep(0.005)

    def join(self, seconds=300.0):
        for thread in self.threads:
            thread.join(seconds)
        assert not any(thread.is_alive() for thread in self.threads), 'clients still wait for answers'
        return self

    def work(self):
        while True:
            try:
                obj = self.waiting.popleft()
            except IndexError:
                self.api.close()
                return
            self.create(obj)

    def create(self, obj):
        for attempt in range(self.retries + 1):
            try:
                self.api.create(obj)
                return self.note(self.admitted, obj)
            except ApiError as error:
                if error.status == 409 and attempt:
                    return self.note(self.admitted, obj)  # the attempt that broke was carried out
                if error.status == 403 and 'denied the request' in error.message:
                    return self.note(self.refused, error.message)
                last = error
            except Exception as error:  # a connection that broke: whether the pod exists, the next attempt tells
                last = error
            if attempt < self.retries:
                time.sleep(RETRY_PAUSE_S)
        return self.note(self.failed, repr(last))

    def note(self, where, what):
        with self.lock:
            where.append(what)


class Stream:
    """Creates projects one after the other until it is ended; every failure is kept."""

    def __init__(self, api):
        self.api, self.created, self.failures = api, 0, []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        while not self.ended.wait(0.05):
            try:
                self.api.create(project('stream-%d' % self.created, cpu='1m', memory='1Mi'))
                self.created += 1
            except (ApiError, OSError) as error:
                self.failures.append('%s: %r' % (time.strftime('%H:%M:%S'), error))
        self.api.close()

    def end(self):
        self.ended.set()
        self.thread.join(60)
