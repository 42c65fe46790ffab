"""A headless Chromium and the little of the DevTools protocol that the tests of the status page need: a WebSocket client, sessions, events. Standard library only."""
import base64
import json
import os
import select
import shutil
import socket
import struct
import subprocess
import tempfile
import time

PROGRAMS = ('chromium', 'chromium-browser', 'google-chrome')
FLAGS = ('--headless=new', '--remote-debugging-port=0', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--no-default-browser-check', '--disable-extensions',
         '--disable-background-networking', '--disable-component-update', '--disable-sync', '--hide-scrollbars', '--force-device-scale-factor=1', '--lang=en')
SLOW = float(os.environ.get('PODFIT_E2E_SLOW', '1'))
DEADLINE = 60.0 * SLOW


def program():
    return next((path for path in map(shutil.which, PROGRAMS) if path), None)


class WebSocket:
    """The client's side of RFC 6455 for text messages on loopback."""

    def __init__(self, port, path):
        self.sock = socket.create_connection(('127.0.0.1', port), timeout=DEADLINE)
        key = base64.b64encode(os.urandom(16)).decode()
        self.sock.sendall(('GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n'
                           % (path, port, key)).encode())
        self.data = b''
        while b'\r\n\r\n' not in self.data:
            self.fill()
        head, self.data = self.data.split(b'\r\n\r\n', 1)
        if b' 101 ' not in head.split(b'\r\n')[0]:
            raise AssertionError('the browser refuses a WebSocket: %r' % head)

    def fill(self):
        piece = self.sock.recv(1 << 20)
        if not piece:
            raise AssertionError('the browser closed the connection')
        self.data += piece

    def take(self, count):
        while len(self.data) < count:
            self.fill()
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def send(self, text):
        body = text.encode()
        mask = os.urandom(4)
        length = len(body)
        head = b'\x81'
        if length < 126:
            head += bytes([0x80 | length])
        elif length < 1 << 16:
            head += b'\xfe' + struct.pack('>H', length)
        else:
            head += b'\xff' + struct.pack('>Q', length)
        self.sock.sendall(head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(body)))

    def waiting(self, seconds):
        return bool(self.data) or bool(select.select([self.sock], [], [], max(seconds, 0))[0])

    def receive(self):
        """One message, put together from its frames."""
        message = b''
        while True:
            first, second = self.take(2)
            length = second & 0x7f
            if length == 126:
                length = struct.unpack('>H', self.take(2))[0]
            elif length == 127:
                length = struct.unpack('>Q', self.take(8))[0]
            body = self.take(length)
            if first & 0x0f in (0, 1):
                message += body
                if first & 0x80:
                    return message.decode()

    def close(self):
        self.sock.close()


class Browser:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='podfit-page-')
        flags = list(FLAGS) + ['--user-data-dir=' + self.folder]
        if os.geteuid() == 0:
            flags.append('--no-sandbox')  # as root it starts only so; what it opens is ours
        self.log = open(os.path.join(self.folder, 'log'), 'wb')
        # what it leaves among the temporary files goes with the folder
        self.process = subprocess.Popen([program(), *flags, 'about:blank'], stdout=self.log, stderr=self.log, env=dict(os.environ, TMPDIR=self.folder))
        self.socket = WebSocket(*self.address())
        self.number = 0
        self.answers = {}
        self.pages = {}

    def address(self):
        """Port and path that the browser listens at."""
        path = os.path.join(self.folder, 'DevToolsActivePort')
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            if os.path.exists(path):
                with open(path, encoding='ascii') as file:
                    lines = file.read().split('\n')
                if len(lines) == 2 and lines[1]:
                    return int(lines[0]), lines[1]
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        with open(os.path.join(self.folder, 'log'), encoding='utf8', errors='replace') as file:
            raise AssertionError('the browser does not start:\n' + file.read()[-4000:])

    def pump(self, seconds):
        """Take one message if there is one in time."""
        if not self.socket.waiting(seconds):
            return
        message = json.loads(self.socket.receive())
        if 'id' in message:
            self.answers[message['id']] = message
        else:
            page = self.pages.get(message.get('sessionId'))
            if page is not None:
                page.events.append(message)

    def call(self, method, session=None, **params):
        self.number += 1
        number = self.number
        message = {'id': number, 'method': method, 'params': params}
        if session:
            message['sessionId'] = session
        self.socket.send(json.dumps(message))
        end = time.monotonic() + DEADLINE
        while number not in self.answers:
            if time.monotonic() > end:
                raise AssertionError('the browser does not answer ' + method)
            self.pump(1.0)
        answer = self.answers.pop(number)
        if 'error' in answer:
            raise AssertionError('%s: %s' % (method, answer['error']))
        return answer['result']

    def page(self, **look):
        return Page(self, **look)

    def close(self):
        self.socket.close()
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Page:
    """One tab; its events are kept in the order in which they came."""

    def __init__(self, browser, width=1280, height=900, scheme='light', scripts=True):
        self.browser = browser
        self.events = []
        context = browser.call('Target.createBrowserContext')['browserContextId']
        self.target = browser.call('Target.createTarget', url='about:blank', browserContextId=context)['targetId']
        self.session = browser.call('Target.attachToTarget', targetId=self.target, flatten=True)['sessionId']
        browser.pages[self.session] = self
        for domain in ('Page', 'Runtime', 'Network', 'Log', 'Accessibility'):
            self.call(domain + '.enable')
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': scheme}])
        if not scripts:
            self.call('Emulation.setScriptExecutionDisabled', value=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.browser.pages.pop(self.session)
        self.browser.call('Target.closeTarget', targetId=self.target)

    def call(self, method, **params):
        return self.browser.call(method, session=self.session, **params)

    def seen(self, method):
        return [event['params'] for event in self.events if event['method'] == method]

    def wait_until(self, condition, what, seconds=30.0):
        end = time.monotonic() + seconds * SLOW
        while not condition():
            if time.monotonic() > end:
                raise AssertionError('waited in vain for ' + what)
            self.browser.pump(0.1)

    def open(self, url):
        before = len(self.seen('Page.loadEventFired'))
        problem = self.call('Page.navigate', url=url).get('errorText')
        if problem:
            raise AssertionError('%s: %s' % (url, problem))
        self.wait_until(lambda: len(self.seen('Page.loadEventFired')) > before, 'the page to load')

    def run(self, script):
        """Value of a script's expression."""
        answer = self.call('Runtime.evaluate', expression=script, returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in answer:
            raise AssertionError('%s: %s' % (script[:200], answer['exceptionDetails']))
        return answer['result'].get('value')

    def text(self, selector='body'):
        return self.run('document.querySelector(%s)?.innerText ?? null' % json.dumps(selector))

    def texts(self, selector):
        return self.run('[...document.querySelectorAll(%s)].map((e) => e.innerText.trim())' % json.dumps(selector))

    def press(self, key, code):
        for kind in ('keyDown', 'keyUp'):
            self.call('Input.dispatchKeyEvent', type=kind, key=key, code=key, windowsVirtualKeyCode=code, text='\r' if key == 'Enter' and kind == 'keyDown' else '')

    def complaints(self):
        """What the browser's console shows: errors, warnings, exceptions, violations of the policy."""
        found = [entry['entry']['text'] for entry in self.seen('Log.entryAdded') if entry['entry']['level'] in ('error', 'warning')]
        found += [str(entry['args']) for entry in self.seen('Runtime.consoleAPICalled')]
        return found + [entry['exceptionDetails']['text'] for entry in self.seen('Runtime.exceptionThrown')]

    def requests(self):
        return [entry['request']['url'] for entry in self.seen('Network.requestWillBeSent')]

    def screenshot(self, path):
        with open(path, 'wb') as file:
            file.write(base64.b64decode(self.call('Page.captureScreenshot', format='png', captureBeyondViewport=True)['data']))
