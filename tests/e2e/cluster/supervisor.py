"""Keeps one control plane for all cluster tests of a ctest run (fixture `cluster`, CMakeLists.txt).

usage: supervisor.py up STATE     start it in the background and describe it in the file STATE; it also ends when ctest ends
       supervisor.py down STATE   end it and wait
"""
import json
import os
import select
import shutil
import signal
import subprocess
import sys

from plane import SKIPPED, ControlPlane, Unavailable, binaries, wait_until, write
from process import interrupt_on_sigterm

UP_SECONDS = 120


def read(state_file):
    try:
        with open(state_file, encoding='utf8') as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def run(state_file, parent):
    """The supervisor itself: waits for a signal, for the end of `parent`, or for the end of a program."""
    interrupt_on_sigterm()
    parent_descriptor = os.pidfd_open(parent)
    try:
        with ControlPlane() as plane:
            plane.state.update(supervisor=os.getpid(), started=plane.started)
            write(state_file, json.dumps(plane.state))
            try:
                while not select.select([parent_descriptor], [], [], 0.5)[0]:
                    plane.check()
            finally:
                print('resident MiB at the end: %s' % plane.resident_mib(), flush=True)
    except KeyboardInterrupt:
        pass
    os.unlink(state_file)


def up(state_file, parent):
    try:
        binaries()  # in the foreground: the first build takes minutes and says so
    except Unavailable:
        return SKIPPED
    down(state_file)
    os.makedirs(os.path.dirname(state_file), exist_ok=True)
    with open(state_file + '.log', 'wb') as log:
        child = subprocess.Popen([sys.executable, '-B', os.path.abspath(__file__), 'run', state_file, str(parent)], stdin=subprocess.DEVNULL, stdout=log,
                                 stderr=log, start_new_session=True)
    try:
        wait_until(lambda: read(state_file) or child.poll() is not None, 'the control plane', UP_SECONDS)
    finally:
        with open(state_file + '.log', encoding='utf8') as log:
            sys.stdout.write(log.read())
    state = read(state_file)
    if not state:
        return 1
    print('up: %s' % state['started'])
    return 0


def down(state_file):
    state = read(state_file)
    if not state:
        return 0
    try:
        descriptor = os.pidfd_open(state['supervisor'])
    except OSError:  # gone already
        shutil.rmtree(state['dir'], ignore_errors=True)
        os.unlink(state_file)
        return 0
    signal.pidfd_send_signal(descriptor, signal.SIGTERM)
    select.select([descriptor], [], [], UP_SECONDS)
    with open(state_file + '.log', encoding='utf8') as log:
        sys.stdout.write(log.read())
    return 1 if os.path.exists(state_file) else 0


def main():
    command, state_file = sys.argv[1], os.path.abspath(sys.argv[2])
    if command == 'run':
        return run(state_file, int(sys.argv[3]))
    return up(state_file, os.getppid()) if command == 'up' else down(state_file)


if __name__ == '__main__':
    sys.exit(main())
