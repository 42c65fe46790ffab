#!/usr/bin/env python3
"""Every HTTP status at and over its limit, TLS versions, protocol of an answer, ops endpoints."""
import base64
import gzip
import json
import re
import ssl
import subprocess
import time

import harness
from harness import Case, Podfit, read_answer, request_bytes, review

LIMIT = 7 * 1024 * 1024


def exact_body(size):
    """A valid review of exactly this many bytes."""
    small = review(1, namespace='elsewhere')
    return review(1, namespace='elsewhere', pad=size - len(small))


class Status(Case):
    def test_table(self):
        good = review(1, namespace='elsewhere')
        rows = [
            ('review', 200, {}, good),
            ('query is ignored', 200, {'path': '/mutate'}, good),
            ('charset', 200, {'headers': {'Content-Type': 'application/json; charset=utf-8'}}, good),
            ('type in capitals', 200, {'headers': {'Content-Type': 'APPLICATION/JSON'}}, good),
            ('get', 405, {'method': 'GET', 'headers': {'Content-Length': None}}, b''),
            ('put', 405, {'method': 'PUT'}, good),
            ('options', 405, {'method': 'OPTIONS'}, b''),
            ('other path', 404, {'path': '/'}, good),
            ('longer path', 404, {'path': '/mutate/'}, good),
            ('token where none is set', 404, {'path': '/mutate/0123456789abcdef'}, good),
            ('no type', 415, {'headers': {'Content-Type': None}}, good),
            ('text type', 415, {'headers': {'Content-Type': 'text/plain'}}, good),
            ('type that begins alike', 415, {'headers': {'Content-Type': 'application/jsonx'}}, good),
            ('empty body', 400, {}, b''),
            ('compressed', 415, {'headers': {'Content-Encoding': 'gzip'}}, gzip.compress(good)),
            ('said to be compressed', 200, {'headers': {'Content-Encoding': 'gzip'}}, good),
            ('not JSON', 400, {}, b'hello'),
            ('not a review', 400, {}, b'{"kind":"Pod"}'),
            ('both lengths', 400, {'headers': {'Transfer-Encoding': 'chunked'}}, good),
            ('gzip encoding', 400, {'headers': {'Transfer-Encoding': 'gzip', 'Content-Length': None}}, b''),
            ('no host', 400, {'headers': {'Host': None}}, good),
            ('headers of 40 KB', 431, {'headers': {'X-Long': 'x' * 40000}}, good),
        ]
        for name, status, how, body in rows:
            with self.subTest(name):
                answer = self.podfit.post(body, **how)
                self.assertIsNotNone(answer, 'the connection ended without an answer')
                self.assertEqual(answer.status, status, answer.body)
                if status == 200:
                    self.assertEqual(answer.headers['content-type'], 'application/json')
                elif 'podfit' in answer.body.decode():
                    self.assertTrue(answer.headers['content-type'].startswith('text/plain'))
                    self.assertEqual(answer.body.count(b'\n'), 1, answer.body)
                if status == 405:
                    self.assertEqual(answer.headers['allow'], 'POST')

    def test_what_was_wrong_is_said(self):
        for body, headers, wanted in [(b'', {}, 'the body is empty, an AdmissionReview is expected'),
                                      (gzip.compress(review(1)), {'Content-Encoding': 'gzip'}, 'a review with a Content-Encoding is not understood')]:
            with self.subTest(wanted):
                self.assertIn('podfit: ' + wanted, self.podfit.post(body, headers=headers).body.decode())

    def test_duplicate_length(self):
        body = review(1, namespace='elsewhere')
        data = request_bytes(body).replace(b'\r\n\r\n', b'\r\nContent-Length: %d\r\n\r\n' % len(body), 1)
        with self.podfit.connect() as sock:
            sock.sendall(data)
            answer = read_answer(sock)
        self.assertEqual(answer.status, 400)
        self.assertEqual(answer.headers['connection'].lower(), 'close')

    def test_body_at_and_over_the_limit(self):
        at = self.podfit.post(exact_body(LIMIT))
        self.assertEqual(at.status, 200, at.body[:200])
        self.assertTrue(at.review()['allowed'])
        over = self.podfit.post(exact_body(LIMIT + 1))
        self.assertIsNotNone(over, 'the answer was lost with the unread body')
        self.assertEqual(over.status, 413)
        self.assertEqual(over.headers['connection'].lower(), 'close')

    def test_over_the_limit_is_refused_before_the_body(self):
        with self.podfit.connect() as sock:
            sock.sendall(request_bytes(b'', headers={'Content-Length': str(LIMIT + 1)}))
            self.assertEqual(read_answer(sock).status, 413)

    def test_chunked(self):
        def chunks(body):
            return b''.join(b'%x\r\n%s\r\n' % (len(body[i:i + 60000]), body[i:i + 60000]) for i in range(0, len(body), 60000)) + b'0\r\n\r\n'
        for name, size, status in (('small', 5000, 200), ('at the limit', LIMIT, 200), ('over', LIMIT + 1, 413)):
            with self.subTest(name), self.podfit.connect() as sock:
                sock.sendall(request_bytes(b'', headers={'Content-Length': None, 'Transfer-Encoding': 'chunked'}) + chunks(exact_body(size)))
                self.assertEqual(read_answer(sock).status, status)

    def test_refused_small_body_keeps_the_connection(self):
        with self.podfit.connect() as sock:
            for _ in range(3):
                sock.sendall(request_bytes(review(1, namespace='elsewhere'), path='/nowhere'))
                self.assertEqual(read_answer(sock).status, 404)
            sock.sendall(request_bytes(review(1, namespace='elsewhere')))
            self.assertEqual(read_answer(sock).status, 200)

    def test_pipelined(self):
        with self.podfit.connect() as sock:
            sock.sendall(request_bytes(review(1, namespace='elsewhere')) * 2)
            stream = sock.makefile('rb')
            for _ in range(2):
                self.assertIn(b'200', stream.readline())
                length = 0
                for line in iter(stream.readline, b'\r\n'):
                    if line.lower().startswith(b'content-length:'):
                        length = int(line.split(b':')[1])
                self.assertTrue(json.loads(stream.read(length))['response']['allowed'])

    def test_expect_continue(self):
        body = review(1, namespace='elsewhere')
        with self.podfit.connect() as sock:
            data = request_bytes(body, headers={'Expect': '100-continue'})
            head = data[:-len(body)]
            sock.sendall(head)
            self.assertIn(b'100 Continue', sock.recv(1000))
            sock.sendall(body)
            self.assertEqual(read_answer(sock).status, 200)

    def test_review_of_an_api_server(self):
        body = harness.recorded_review('cocalc-memory', 1)
        uid = json.loads(body)['request']['uid']
        answer = self.podfit.post(body)
        document = json.loads(answer.body)
        self.assertEqual((document['apiVersion'], document['kind']), ('admission.k8s.io/v1', 'AdmissionReview'))
        self.assertEqual(document['response']['uid'], uid)
        self.assertEqual('patch' in document['response'], 'patchType' in document['response'])
        if 'patch' in document['response']:
            self.assertIsInstance(json.loads(base64.b64decode(document['response']['patch'], validate=True)), list)

    def test_late_review_is_not_judged(self):
        with self.podfit.connect() as sock:
            data = request_bytes(review(77), path='/mutate?timeout=1s')
            sock.sendall(data[:-10])
            time.sleep(1.2)
            before = self.podfit.stats()['model']['reservations']
            sock.sendall(data[-10:])
            answer = read_answer(sock)
        self.assertEqual(answer.status, 503)
        told = 'the last answered with status 503: podfit: the review arrived after its own timeout"'
        self.podfit.wait_for(lambda: told in self.podfit.read('log'), 'the line in the log', 20)
        self.assertNotIn('retry-after', answer.headers)
        self.assertEqual(self.podfit.stats()['model']['reservations'], before)

    def test_dry_run_reserves_nothing(self):
        before = self.podfit.stats()['model']['reservations']
        self.assertTrue(self.podfit.post(review(80, dry_run=True)).review()['allowed'])
        self.assertEqual(self.podfit.stats()['model']['reservations'], before)
        self.assertTrue(self.podfit.post(review(81)).review()['allowed'])
        self.assertEqual(self.podfit.stats()['model']['reservations'], before + 1)

    def test_tls_versions(self):
        for option, good in (('-tls1_1', False), ('-tls1_2', True), ('-tls1_3', True)):
            with self.subTest(option):
                # @SECLEVEL=0: else the client itself would refuse TLS 1.1
                run = subprocess.run(['openssl', 's_client', '-connect', '127.0.0.1:%d' % self.podfit.port, option, '-cipher', 'DEFAULT@SECLEVEL=0',
                                      '-CAfile', self.podfit.path('certs/ca.crt')], input=b'', stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                     timeout=20 * harness.SLOW, check=False)
                self.assertEqual(b'Verify return code: 0 (ok)' in run.stdout and b'Cipher is (NONE)' not in run.stdout, good, run.stdout[-600:])

    def test_alpn(self):
        context = ssl.create_default_context(cafile=self.podfit.path('certs/ca.crt'))
        context.set_alpn_protocols(['h2', 'http/1.1'])
        with self.podfit.connect(context) as sock:
            self.assertEqual(sock.selected_alpn_protocol(), 'http/1.1')
            sock.sendall(request_bytes(review(1, namespace='elsewhere')))
            self.assertEqual(read_answer(sock).status, 200)

    def test_http2_preface_is_refused(self):
        with self.podfit.connect() as sock:
            sock.sendall(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
            answer = read_answer(sock)
        self.assertTrue(answer is None or answer.status >= 400)
        self.assertEqual(self.podfit.post(review(1, namespace='elsewhere')).status, 200)


class Ops(Case):
    def test_pages(self):
        self.assertEqual(self.podfit.ops('/livez'), (200, 'ok\n'))
        self.assertEqual(self.podfit.ops('/readyz'), (200, 'ok\n'))
        status, text = self.podfit.ops('/readyz?verbose')
        self.assertEqual(status, 200)
        self.assertIn('[+]model ok\n[+]certificate ok\n', text)
        self.assertEqual(self.podfit.ops('/nothing'), (404, 'podfit: no such path; there are /, /livez, /readyz, /metrics and /stats\n'))
        self.assertEqual(self.podfit.ops('/mutate')[0], 404)
        document = self.podfit.stats()
        self.assertEqual((document['apiVersion'], document['kind'], document['ready']), ('podfit.io/v1', 'Stats', True))
        self.assertEqual(document['model']['nodes'], 2)

    def test_metrics_text(self):
        self.podfit.post(review(1))
        self.podfit.post(review(2, cpu='500'))
        text = self.podfit.ops('/metrics')[1]
        self.assertTrue(text.endswith('\n'))
        typed, seen, family = {}, set(), None
        sample = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*\})? (-?[0-9]+(?:\.[0-9]+)?)$')
        for line in text.rstrip('\n').split('\n'):
            if line.startswith('# HELP '):
                family = line.split(' ')[2]
                self.assertNotIn(family, typed, 'HELP twice')
                typed[family] = None
            elif line.startswith('# TYPE '):
                self.assertEqual(line.split(' ')[2], family, 'TYPE follows its HELP')
                typed[family] = line.split(' ')[3]
            else:
                match = sample.match(line)
                self.assertIsNotNone(match, line)
                name = match.group(1)
                base = re.sub(r'_(bucket|sum|count)$', '', name) if typed[family] == 'histogram' else name
                self.assertEqual(base, family, 'families are contiguous')
                self.assertNotIn((name, match.group(2)), seen, 'a sample twice')
                seen.add((name, match.group(2)))
                if typed[family] == 'counter':
                    self.assertTrue(name.endswith('_total'), name)
        self.assertIn('podfit_reviews_total{class="projects",verdict="never",action="reject"} 1', text)
        count = self.podfit.metric('podfit_review_duration_seconds_count')
        self.assertEqual(self.podfit.metric('podfit_review_duration_seconds_bucket{le="+Inf"}'), count)

    def test_ops_post(self):
        import http.client
        connection = http.client.HTTPConnection('127.0.0.1', self.podfit.ops_port, timeout=10)
        connection.request('POST', '/livez', b'x')
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.getheader('Allow')), (405, 'GET, HEAD'))
        connection.close()


class Starts(harness.unittest.TestCase):
    def start(self, *args):
        run = subprocess.run([harness.BINARY, 'serve'] + list(args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=20 * harness.SLOW, check=False)
        return run.returncode, run.stderr.decode()

    def test_errors_at_start(self):
        rows = [
            ((), 'podfit certs create'),
            (('--tls-cert', 'x'), 'need each other'),
            (('--cert-dir', 'a', '--tls-cert', 'b', '--tls-key', 'c'), 'excludes'),
            (('--cert-dir', 'a', '--webhook-configuration', 'b', '--cert-secret', 'c', '--service', 'd'), "exclude '--cert-dir'"),
            (('--webhook-configuration', 'b', '--service', 'd'), 'need each other'),
            (('--webhook-configuration', 'b', '--cert-secret', 'c', '--service', 'd', '--snapshot', 'example'), 'needs a cluster'),
            (('--cert-dir', '/nonexistent'), '/nonexistent'),
            (('--cert-dir', 'x', '--config', '/nonexistent.yaml'), '/nonexistent.yaml'),
            (('--cert-dir', 'x', '--snapshot', '/nonexistent.json'), '/nonexistent.json'),
            (('--cert-dir', 'x', '--listen', 'localhost'), "option '--listen': address 'localhost' is not IP:PORT"),
            (('--cert-dir', 'x', '--ops-listen', '8080'), "option '--ops-listen': address '8080' is not IP:PORT"),
            (('--cert-dir', 'x', '--listen', '1.2.3.4:70000'), 'IP:PORT'),
            (('--max-connections', '0'), 'max-connections'),
            (('--idle-timeout', '5'), 'idle-timeout'),
            (('--log-level', 'loud', '--cert-dir', 'x'), 'loud'),
            (('--colour',), 'colour'),
        ]
        for args, wanted in rows:
            with self.subTest(args):
                code, text = self.start(*args)
                self.assertEqual(code, 2, text)
                self.assertIn(wanted, text)

    def test_port_in_use(self):
        podfit = Podfit()
        try:
            code, text = self.start('--cert-dir', podfit.path('certs'), '--listen', '127.0.0.1:%d' % podfit.port, '--ops-listen', '127.0.0.1:0')
            self.assertEqual(code, 2)
            self.assertIn("webhook (--listen): cannot bind to '127.0.0.1:%d': " % podfit.port, text)
            code, text = self.start('--cert-dir', podfit.path('certs'), '--listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:%d' % podfit.ops_port)
            self.assertEqual(code, 2)
            self.assertIn("status, health and metrics (--ops-listen): cannot bind to '127.0.0.1:%d': " % podfit.ops_port, text)
            self.assertEqual(podfit.stop(), 0)
        finally:
            podfit.remove()


if __name__ == '__main__':
    harness.main()
