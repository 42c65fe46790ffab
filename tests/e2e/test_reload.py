#!/usr/bin/env python3
"""Files exchanged while serving: no review fails, a broken file keeps the old one, whatever way the file was exchanged."""
import os
import shutil
import signal
import socket
import ssl
import threading
import time

import harness
from harness import Case, Podfit, config, read_answer, request_bytes, review

OTHER = config().replace('name: projects', 'name: %s')


class Load:
    """Clients that post without pause, on kept connections and on new ones, and note every failure."""

    def __init__(self, podfit, kept=3, fresh=2):
        self.podfit, self.stop, self.count, self.failures = podfit, False, 0, []
        # certificates of several authorities come by: what is tested here is that no handshake breaks
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.threads = [threading.Thread(target=self.kept) for _ in range(kept)] + [threading.Thread(target=self.fresh) for _ in range(fresh)]
        for thread in self.threads:
            thread.start()

    def one(self, sock, number):
        sock.sendall(request_bytes(review(number, dry_run=True)))
        answer = read_answer(sock)
        if answer is None or answer.status != 200 or not answer.review()['allowed']:
            self.failures.append(answer.body if answer else 'no answer')
        self.count += 1

    def guard(self, work):
        while not self.stop:
            try:
                work()
            except Exception as error:  # noqa: B902: everything counts as a failed review
                self.failures.append(repr(error))

    def kept(self):
        def work():
            with self.podfit.connect(self.context) as sock:
                while not self.stop:
                    self.one(sock, self.count)
        self.guard(work)

    def fresh(self):
        def work():
            with self.podfit.connect(self.context) as sock:
                self.one(sock, self.count)
        self.guard(work)

    def end(self):
        self.stop = True
        for thread in self.threads:
            thread.join()
        return self.failures


class UnderLoad(harness.unittest.TestCase):
    def test_hundred_replacements(self):
        """Configuration and certificate, 100 times each and each time seen in force, by event and by SIGHUP: renamed over, and by the symbolic link of a Secret."""
        podfit = Podfit()
        try:
            for i in range(4):
                podfit.run('certs', 'create', podfit.path('pair%d' % i), '--dns', 'localhost', '--ip', '127.0.0.1')
            self.link_folder(podfit, 0)
            podfit.stop()
            podfit.options += ['--tls-cert', podfit.path('live/tls.crt'), '--tls-key', podfit.path('live/tls.key')]
            podfit.start()
            load = Load(podfit)
            times = int(100 * harness.SCALE)
            try:
                for i in range(times):
                    before = podfit.stats()
                    podfit.write('config.yaml', OTHER % ('class-%d' % i))
                    self.link_folder(podfit, (i + 1) % 4)
                    if i % 2 == 0:
                        podfit.process.send_signal(signal.SIGHUP)
                    podfit.wait_for(lambda: self.all_new(before, podfit.stats()), 'replacement %d' % i)
            finally:
                failures = load.end()
            self.assertEqual(failures, [])
            self.assertGreater(load.count, times)
            self.assertGreaterEqual(podfit.metric('podfit_reloads_total{kind="certificate",result="success"}'), times)
            self.assertEqual(podfit.metric('podfit_reload_broken{kind="config"}'), 0)
            self.assertEqual(podfit.metric('podfit_reload_broken{kind="certificate"}'), 0)
            self.assertEqual(podfit.stop(), 0, podfit.read('log')[-5000:])
        finally:
            podfit.remove()

    @staticmethod
    def all_new(before, after):
        return before['configDigest'] != after['configDigest'] and before['certificate']['sha256'] != after['certificate']['sha256']

    @staticmethod
    def link_folder(podfit, i):
        """live/tls.* -> ..data/tls.*, ..data -> generation; the exchange is one rename, as kubelet does it."""
        live = podfit.path('live')
        os.makedirs(live, exist_ok=True)
        generation = os.path.join(live, '..gen%d' % i)
        if not os.path.isdir(generation):
            os.mkdir(generation)
            for name in ('tls.crt', 'tls.key'):
                shutil.copy(os.path.join(podfit.path('pair%d' % i), name), os.path.join(generation, name))
        temporary = os.path.join(live, '..data_tmp')
        os.symlink('..gen%d' % i, temporary)
        os.rename(temporary, os.path.join(live, '..data'))
        for name in ('tls.crt', 'tls.key'):
            if not os.path.islink(os.path.join(live, name)):
                os.symlink('..data/' + name, os.path.join(live, name))


class Files(Case):
    """One server; each test brings its files back into order."""

    def classes(self):
        return self.podfit.ops('/metrics')[1]

    def wait_broken(self, kind, value):
        self.podfit.wait_for(lambda: self.podfit.metric('podfit_reload_broken{kind="%s"}' % kind) == value, '%s to be %s' % (kind, value))

    def test_broken_configuration_keeps_the_old_one(self):
        digest = self.podfit.stats()['configDigest']
        self.podfit.write('config.yaml', config().replace('onFull: reject', 'onFull: perhaps') + 'surprise: 1\n')
        self.wait_broken('config', 1)
        self.assertTrue(self.podfit.post(review(1, dry_run=True)).review()['allowed'])
        status, text = self.podfit.ops('/readyz?verbose')
        self.assertEqual(status, 200, 'still ready: the old configuration serves')
        self.assertIn('old one stays in force', text)
        self.assertIn('onFull', text)
        self.assertEqual(self.podfit.stats()['configDigest'], digest)
        log = self.podfit.read('log')
        self.assertIn('perhaps', log)
        self.assertIn('surprise', log)
        self.podfit.write('config.yaml', config())
        self.wait_broken('config', 0)
        self.assertEqual(self.podfit.ops('/readyz?verbose')[1].count('stays in force'), 0)

    def test_one_broken_configuration_is_logged_once(self):
        failures = 'podfit_reloads_total{kind="config",result="failure"}'
        before, start = self.podfit.metric(failures), len(self.podfit.read('log'))

        def logged(text):
            return sum(text in line for line in self.podfit.read('log')[start:].split('\n'))
        self.podfit.write('config.yaml', config() + 'surprise-a: 1\n')
        self.podfit.wait_for(lambda: self.podfit.metric(failures) >= before + 2, 'the second attempt')
        self.assertEqual((logged('cannot reload the config'), logged('surprise-a')), (1, 2), 'a line for the problem, one for the file')
        self.podfit.write('config.yaml', config() + 'surprise-b: 1\n')
        self.podfit.wait_for(lambda: logged('surprise-b') == 2, 'another content to be logged')
        self.podfit.process.send_signal(signal.SIGHUP)
        self.podfit.wait_for(lambda: logged('cannot reload the config') == 3, 'an answer to SIGHUP')
        self.podfit.write('config.yaml', config())
        self.wait_broken('config', 0)

    def test_configuration_written_in_place(self):
        with open(self.podfit.path('config.yaml'), 'w', encoding='utf8') as f:
            f.write(OTHER % 'written-in')
            f.flush()
            time.sleep(0.05)
            f.write('# place\n')
        self.podfit.wait_for(lambda: self.podfit.post(review(1, dry_run=True)) and 'class="written-in"' in self.classes(), 'the configuration')
        self.podfit.write('config.yaml', config())

    def test_vanished_configuration_keeps_the_old_one(self):
        os.rename(self.podfit.path('config.yaml'), self.podfit.path('away'))
        self.wait_broken('config', 1)
        self.assertTrue(self.podfit.post(review(1, dry_run=True)).review()['allowed'])
        os.rename(self.podfit.path('away'), self.podfit.path('config.yaml'))
        self.wait_broken('config', 0)

    def fingerprint(self):
        with self.podfit.connect(ssl._create_unverified_context()) as sock:
            return sock.getpeercert(binary_form=True)

    def test_certificate_folder(self):
        first = self.fingerprint()
        kept = self.podfit.connect()
        self.podfit.run('certs', 'renew', self.podfit.path('certs'), '--force')
        self.podfit.wait_for(lambda: self.fingerprint() != first, 'the new certificate')
        kept.sendall(request_bytes(review(1, dry_run=True)))  # the connection of the old one lives on
        self.assertEqual(read_answer(kept).status, 200)
        kept.close()
        self.assertEqual(self.podfit.post(review(1, dry_run=True)).status, 200)  # and the same CA vouches for it


class BadPair(harness.unittest.TestCase):
    @staticmethod
    def make_mute(podfit):
        """A pair that belongs together, with a key that must not sign: every handshake would fail."""
        harness.subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', podfit.path('mute.key'),
                                '-out', podfit.path('mute.crt'), '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
                                '-addext', 'keyUsage=critical,keyEncipherment', '-addext', 'basicConstraints=critical,CA:FALSE'], check=True, capture_output=True)

    def test_bad_pairs_keep_the_old_one(self):
        podfit = Podfit()
        try:
            for name in ('a', 'b'):
                podfit.run('certs', 'create', podfit.path(name), '--dns', 'localhost', '--ip', '127.0.0.1')
            podfit.run('certs', 'create', podfit.path('elsewhere'), '--dns', 'podfit.elsewhere.svc', '--ip', '127.0.0.1')
            os.mkdir(podfit.path('pair'))
            cert, key = podfit.path('pair/tls.crt'), podfit.path('pair/tls.key')

            def put(cert_from, key_from):
                for source, target in ((cert_from, cert), (key_from, key)):
                    with open(podfit.path(source), 'rb') as f:
                        data = f.read()
                    with open(target + '.new', 'wb') as f:
                        f.write(data)
                    os.rename(target + '.new', target)
            put('a/tls.crt', 'a/tls.key')
            podfit.stop()
            podfit.options += ['--tls-cert', cert, '--tls-key', key, '--service', 'localhost', '--service', '127.0.0.1']
            podfit.start()
            podfit.context = ssl.create_default_context(cafile=podfit.path('a/ca.crt'))
            podfit.write('empty', '')
            podfit.write('torn', podfit.read('b/tls.crt')[:200])
            self.make_mute(podfit)
            for bad in (('b/tls.crt', 'a/tls.key'), ('empty', 'a/tls.key'), ('torn', 'a/tls.key'), ('a/tls.crt', 'empty'), ('mute.crt', 'mute.key'),
                        ('elsewhere/tls.crt', 'elsewhere/tls.key')):
                with self.subTest(bad):
                    failures = podfit.metric('podfit_reloads_total{kind="certificate",result="failure"}')
                    put(*bad)
                    podfit.wait_for(lambda: podfit.metric('podfit_reloads_total{kind="certificate",result="failure"}') > failures, 'the failure to be counted')
                    self.assertEqual(podfit.post(review(1, dry_run=True)).status, 200)
                    self.assertEqual(podfit.ops('/readyz')[0], 200)
            self.assertIn("certificate 1 does not cover the name 'localhost' (--service)", podfit.ops('/readyz?verbose')[1])
            put('b/tls.crt', 'b/tls.key')
            podfit.wait_for(lambda: podfit.metric('podfit_reload_broken{kind="certificate"}') == 0, 'the good pair')
            podfit.context = ssl.create_default_context(cafile=podfit.path('b/ca.crt'))
            self.assertEqual(podfit.post(review(1, dry_run=True)).status, 200)
            self.assertNotIn('PRIVATE', podfit.read('log'))
            self.assertEqual(podfit.stop(), 0)
        finally:
            podfit.remove()


class OtherName(harness.unittest.TestCase):
    def test_does_not_start_with_a_certificate_that_the_api_server_would_refuse(self):
        podfit = Podfit()
        try:
            self.assertEqual(podfit.stop(), 0)
            for name, covered in (('localhost', True), ('podfit.podfit-system.svc', False), ('127.0.0.2', False)):
                with self.subTest(name):
                    process = harness.subprocess.Popen(
                        [harness.BINARY, 'serve', '--cert-dir', podfit.path('certs'), '--service', name, '--listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0',
                         '--port-file', podfit.path('other-' + name)], stdout=harness.subprocess.DEVNULL, stderr=harness.subprocess.PIPE, text=True)
                    try:
                        if covered:
                            self.assertTrue(self.serves(process, podfit.path('other-' + name)))
                        else:
                            self.assertEqual(process.wait(20 * harness.SLOW), 2)
                    finally:
                        process.kill()
                        said = process.communicate()[1]
                    self.assertEqual("does not cover the name '%s' (--service)" % name in said, not covered, said)
        finally:
            podfit.remove()

    @staticmethod
    def serves(process, port_file):
        end = time.monotonic() + 20 * harness.SLOW
        while process.poll() is None and time.monotonic() < end:
            if os.path.exists(port_file):
                return True
            time.sleep(0.02)
        return False


class Renewal(harness.unittest.TestCase):
    def test_unusable_certificate_is_replaced_at_start(self):
        podfit = Podfit()
        try:
            self.assertEqual(podfit.stop(), 0)
            with open(podfit.path('certs/tls.key'), 'w', encoding='ascii') as f:
                f.write('torn')
            podfit.start()
            self.assertEqual(podfit.post(review(1)).status, 200)  # the same authority vouches for the new one
            self.assertIn('renewed certificates', podfit.read('log'))
            self.assertEqual(podfit.stop(), 0)
        finally:
            podfit.remove()


class Callers(harness.unittest.TestCase):
    def test_client_certificates(self):
        podfit = Podfit()
        try:
            openssl = [['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '%s-ca.key', '-out', '%s-ca.crt',
                        '-subj', '/CN=%s', '-days', '2'],
                       ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '%s.key', '-out', '%s.csr', '-subj', '/CN=api'],
                       ['x509', '-req', '-in', '%s.csr', '-CA', '%s-ca.crt', '-CAkey', '%s-ca.key', '-out', '%s.crt', '-days', '1', '-set_serial', '7',
                        '-extfile', '%s.ext']]
            usages = {'good': 'extendedKeyUsage=clientAuth', 'strange': 'extendedKeyUsage=clientAuth', 'server': 'extendedKeyUsage=serverAuth',
                      'expired': 'extendedKeyUsage=clientAuth'}
            for name, usage in usages.items():
                podfit.write(name + '.ext', usage + '\n')
                for command in openssl:
                    if name == 'expired' and command[0] == 'x509':
                        command = ['-1' if part == '1' else part for part in command]  # days: it ended yesterday
                    harness.subprocess.run(['openssl'] + [part % podfit.path(name) if part.startswith('%s') else part.replace('%s', name) for part in command],
                                           check=True, stderr=harness.subprocess.DEVNULL, stdout=harness.subprocess.DEVNULL)
            podfit.write('callers.crt', ''.join(podfit.read(name + '-ca.crt') for name in ('good', 'server', 'expired')))
            podfit.stop()
            podfit.options += ['--client-ca', podfit.path('callers.crt')]
            podfit.start()

            def status(name):
                context = ssl.create_default_context(cafile=podfit.path('certs/ca.crt'))
                if name:
                    context.load_cert_chain(podfit.path(name + '.crt'), podfit.path(name + '.key'))
                return podfit.post(review(5), context=context).status
            for name, wanted in ((None, 401), ('good', 200), ('strange', 403), ('server', 403), ('expired', 403)):
                with self.subTest(name):
                    self.assertEqual(status(name), wanted)
            self.assertEqual(podfit.stats()['model']['reservations'], 1, 'a stranger changed the model')
            podfit.write('callers.crt', podfit.read('strange-ca.crt'))
            podfit.wait_for(lambda: status('strange') == 200, 'the new authority')
            self.assertEqual(status('good'), 403)
            podfit.write('callers.crt', 'nothing')
            podfit.wait_for(lambda: podfit.metric('podfit_reload_broken{kind="client-ca"}') == 1, 'the broken file to be seen')
            self.assertEqual(status('strange'), 200)
            self.assertEqual(podfit.stop(), 0)
        finally:
            podfit.remove()

    def test_path_token(self):
        podfit = Podfit()
        try:
            podfit.write('token', '0123456789abcdef\n')
            podfit.stop()
            podfit.options += ['--path-token-file', podfit.path('token')]
            podfit.start()
            body = review(1, dry_run=True)
            rows = [('/mutate', 404), ('/mutate/', 404), ('/mutate/0123456789abcdef', 200), ('/mutate/0123456789abcdef?timeout=5s', 200),
                    ('/mutate/0123456789abcdeF', 404), ('/mutate/0123456789abcdef/', 404), ('/mutate/0123456789abcde', 404)]
            for path, wanted in rows:
                with self.subTest(path):
                    self.assertEqual(podfit.post(body, path=path).status, wanted)
            podfit.write('token', 'fedcba9876543210')
            podfit.wait_for(lambda: podfit.post(body, path='/mutate/fedcba9876543210').status == 200, 'the new token')
            self.assertEqual(podfit.post(body, path='/mutate/0123456789abcdef').status, 404)
            podfit.write('token', 'short')
            podfit.wait_for(lambda: podfit.metric('podfit_reload_broken{kind="token"}') == 1, 'the bad token to be seen')
            self.assertEqual(podfit.post(body, path='/mutate/fedcba9876543210').status, 200)
            self.assertNotIn('fedcba', podfit.read('log'))
            self.assertEqual(podfit.stop(), 0)
        finally:
            podfit.remove()


if __name__ == '__main__':
    harness.main()
