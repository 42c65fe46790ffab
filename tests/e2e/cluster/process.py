"""Child processes that are always ended: by pid, waited for, and by the kernel when this program is killed."""
import os
import random
import signal
import socket
import subprocess
import time


def free_ports(number):
    """Loopback ports that nobody has; all different. They lie below the range from which the kernel gives ports to others, so that a server
    gets its own, and gets it again when it restarts."""
    found = []
    for port in random.SystemRandom().sample(range(20000, 32000), 200):
        with socket.socket() as sock:
            try:
                sock.bind(('127.0.0.1', port))
            except OSError:
                continue
        found.append(port)
        if len(found) == number:
            return found
    raise AssertionError('no %d free ports of 127.0.0.1 between 20000 and 32000' % number)


def wait_until(condition, what, seconds=30.0, pause=0.02):
    """The first true value that condition() returns; raises AssertionError after the deadline. `what` is text or a function that makes it."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError('%s did not come within %.0f s' % (what() if callable(what) else what, seconds))
        time.sleep(pause)


def interrupt_on_sigterm():
    """SIGTERM as Ctrl-C: `with` blocks are left, and unittest lets it through, so that everything is cleaned up."""
    def interrupt(*_):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, interrupt)


class Process:
    """One program whose output goes to a log. Start it from the main thread: the kernel ends it together with the thread that started it."""

    def __init__(self, name, args, log, env=None):
        self.name, self.log = name, log
        with open(log, 'ab') as out:
            self.child = subprocess.Popen(['setpriv', '--pdeathsig', 'KILL'] + args, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          env=dict(os.environ, **(env or {})), start_new_session=True)
        self.pid = self.child.pid

    def alive(self):
        return self.child.poll() is None

    def check(self):
        """Raises when the program has ended."""
        if not self.alive():
            raise AssertionError('%s ended with status %d:\n%s' % (self.name, self.child.returncode, self.tail()))

    def signal(self, number):
        if self.alive():
            self.child.send_signal(number)

    def stop(self, seconds=30.0):
        """Asks, waits, kills after the deadline. Returns the exit status."""
        self.signal(signal.SIGTERM)
        try:
            return self.child.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.child.wait()

    def tail(self, characters=6000):
        with open(self.log, encoding='utf8', errors='replace') as file:
            return file.read()[-characters:]

    def resident_mib(self):
        with open('/proc/%d/statm' % self.pid, encoding='ascii') as file:
            return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 2**20
