"""An interactive shell on a terminal of its own, for tests: what does it complete?"""
import os
import pty
import re
import select
import signal
import time

PATIENCE_S = 30
STYLE = re.compile(r'\x1b\[[0-9;?]*[A-Za-z]')


class Shell:
    """command: argument list; env: replaces the environment."""

    def __init__(self, command, env):
        self.seen = ''
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, env)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)

    def type(self, text):
        self.seen = ''
        os.write(self.terminal, text.encode('utf8'))

    def wait_for(self, *texts):
        """Until all texts have been printed since the last typing; colours and movements of the cursor do not count."""
        deadline = time.monotonic() + PATIENCE_S
        while not all(text in STYLE.sub('', self.seen) for text in texts):
            ready = select.select([self.terminal], [], [], max(0, deadline - time.monotonic()))[0]
            if not ready:
                raise AssertionError('%r did not come within %d s; there is %r' % (texts, PATIENCE_S, self.seen))
            self.seen += os.read(self.terminal, 65536).decode('utf8', 'replace')
