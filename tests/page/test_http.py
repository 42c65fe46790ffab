"""Who may see the status page, and what its answers carry: without a browser."""
import http.client
import json
import os
import socket
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'e2e'))
sys.path.insert(0, HERE)
import cluster  # noqa: E402
import harness  # noqa: E402
import living  # noqa: E402

DETAILS = ('pools', 'selection', 'decisions', 'rejections')


def get(podfit, path, host=None, method='GET'):
    connection = http.client.HTTPConnection('127.0.0.1', podfit.ops_port, timeout=30 * harness.SLOW)
    connection.putrequest(method, path, skip_host=host is not None)
    if host is not None:
        connection.putheader('Host', host)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


class PageCase(harness.Case):
    config_text = cluster.CONFIG
    nodes = 5

    @classmethod
    def setUpClass(cls):
        cls.snapshot_text = cluster.snapshot(cls.nodes)
        super().setUpClass()

    def stats(self, path='/stats', host=None):
        status, _, body = get(self.podfit, path, host)
        self.assertEqual(status, 200)
        return json.loads(body)


class TestOn(PageCase):
    nodes = 250

    def test_headers(self):
        status, headers, body = get(self.podfit, '/')
        self.assertEqual(status, 200)
        self.assertEqual(headers['content-type'], 'text/html; charset=utf-8')
        self.assertEqual(headers['x-content-type-options'], 'nosniff')
        self.assertEqual(headers['cache-control'], 'no-store')
        self.assertEqual(headers['referrer-policy'], 'no-referrer')
        policy = dict(part.strip().split(' ', 1) for part in headers['content-security-policy'].split(';'))
        self.assertEqual(policy['default-src'], "'none'")
        self.assertEqual(policy['frame-ancestors'], "'none'")
        nonce = policy['script-src']
        self.assertRegex(nonce, r"^'nonce-[0-9a-f]{32}'$")
        self.assertEqual(policy['style-src'], nonce)
        self.assertEqual(body.count('nonce="%s"' % nonce[7:-1]), 2)
        self.assertNotEqual(get(self.podfit, '/')[1]['content-security-policy'], headers['content-security-policy'])

    def test_every_answer_says_nosniff(self):
        for path in ('/livez', '/readyz', '/metrics', '/stats', '/nothing'):
            with self.subTest(path):
                self.assertEqual(get(self.podfit, path)[1]['x-content-type-options'], 'nosniff')
                self.assertNotIn('content-security-policy', get(self.podfit, path)[1])

    def test_methods(self):
        self.assertEqual(get(self.podfit, '/', method='POST')[0], 405)
        status, headers, body = get(self.podfit, '/', method='HEAD')
        self.assertEqual((status, body), (200, ''))
        self.assertGreater(int(headers['content-length']), 1000)

    def test_no_style_and_no_script_outside_the_nonce(self):
        body = get(self.podfit, '/')[2]
        for text in (' style=', ' onclick=', ' onload=', 'javascript:', 'src=', '@import', 'url('):
            self.assertNotIn(text, body)

    def test_stats_is_versioned(self):
        stats = self.stats()
        self.assertEqual((stats['apiVersion'], stats['kind']), ('podfit.io/v1', 'Stats'))
        for member in DETAILS + ('headroom', 'model', 'reviews', 'certificate'):
            self.assertIn(member, stats)

    def test_sums(self):
        stats = self.stats()
        self.assertEqual(sum(pool['nodes'] for pool in stats['pools']), 250)
        self.assertEqual([pool['pool'] for pool in stats['pools']], sorted(cluster.POOLS))
        for pool in stats['pools']:
            self.assertIsNone(pool['nodeList'])
            self.assertEqual(sum(step['nodes'] for step in pool['nodesByFullness']), pool['nodes'])
            self.assertEqual(pool['cpuMilli']['allocatable'], 15890 * pool['nodes'])

    def test_pages_of_a_pool(self):
        names = []
        page = 1
        while page:
            stats = self.stats('/stats?pool=projects&page=%d' % page)
            selection = stats['selection']
            chosen = [pool for pool in stats['pools'] if pool['selected']]
            self.assertEqual([pool['pool'] for pool in chosen], ['projects'])
            self.assertEqual(selection['last'] - selection['first'] + 1, len(chosen[0]['nodeList']))
            names += [node['name'] for node in chosen[0]['nodeList']]
            page = selection['next']
        self.assertEqual(names, sorted('projects-%04d' % number for number in range(250) if cluster.pool_of(number, 250) == 'projects'))

    def test_odd_queries(self):
        rows = (('/stats?pool=none', None), ('/stats?pool=', None), ('/stats?pool=projects&page=0', 1), ('/stats?pool=projects&page=-7', 1),
                ('/stats?pool=projects&page=99', 2), ('/stats?pool=projects&page=99999999999999999999', 1), ('/stats?pool=projects&page=x', 1), ('/stats?pool=%00%ff%22', None))
        for path, page in rows:
            with self.subTest(path):
                selection = self.stats(path)['selection']
                self.assertEqual(selection['found'], page is not None)
                self.assertEqual(selection.get('page'), page)
                self.assertEqual(get(self.podfit, path.replace('/stats', '/'))[0], 200)
        self.assertIsNone(self.stats('/stats?pool')['selection'])
        self.assertNotIn('replica', self.stats())  # it runs in no pod

    def test_headroom_is_what_the_metrics_say(self):
        stats = self.stats()
        metrics = get(self.podfit, '/metrics')[2]
        known = [one for one in stats['headroom']['classes'] if one['known']]
        self.assertEqual([one['class'] for one in known], ['projects', 'workspaces'])
        for one in known:
            self.assertIn('\npodfit_class_headroom_pods{class="%s"} %d\n' % (one['class'], one['projects']), metrics)
            self.assertIn('\npodfit_class_headroom_binding{class="%s",constraint="%s"} 1\n' % (one['class'], one['binding']), metrics)

    def test_headroom_is_true(self):
        """As many workspaces as are told are admitted, and not one more; each is 2 cores and 8 GiB, so that they are few enough to try."""
        first = self.stats()['headroom']['classes'][1]
        self.assertEqual(first['class'], 'workspaces')
        self.assertEqual((first['cpuMilli'], first['memoryBytes']), (2000, 8000 << 20))
        admitted = 0
        for number in range(first['projects'] + 3):
            answer = self.podfit.post(harness.review(number, namespace='ide')).review()
            admitted += 1 if answer['allowed'] else 0
        self.assertEqual(admitted, first['projects'])
        self.podfit.wait_for(lambda: self.stats()['headroom']['classes'][1]['projects'] == 0, 'the headroom to be counted again', 20)
        stats = self.stats()
        self.assertEqual(len(stats['rejections']), 3)
        self.assertEqual(len(stats['decisions']), 50)
        self.assertTrue(stats['rejections'][0]['sentence'].startswith('0/250 nodes are available'))
        self.assertEqual(sum(pool['pods']['reserved'] for pool in stats['pools']), admitted)


class InPod:
    """As in a container of a Deployment: the page says whose it is."""

    @classmethod
    def make_podfit(cls):
        return harness.Podfit(cls.options, cls.config_text, cls.snapshot_text, dict(os.environ, KUBERNETES_SERVICE_HOST='127.0.0.1'))


class TestReplica(InPod, PageCase):
    def test_is_named(self):
        self.assertEqual(self.stats()['replica'], socket.gethostname())
        self.assertIn('<span class="text">%s</span>' % socket.gethostname(), get(self.podfit, '/')[2])


class TestReplicaOff(InPod, PageCase):
    options = ('--status-page', 'off')

    def test_is_not_named(self):
        self.assertNotIn('replica', self.stats())


class TestOff(PageCase):
    options = ('--status-page', 'off')

    def test_nothing_is_told(self):
        self.assertEqual(get(self.podfit, '/')[0], 404)
        stats = self.stats('/stats?pool=projects')
        self.assertFalse(stats['details'])
        self.assertEqual([member for member in DETAILS if member in stats], [])
        self.assertNotIn('projects-0', json.dumps(stats))
        self.assertEqual(len(stats['headroom']['classes']), 3)


class TestLoopback(PageCase):
    options = ('--status-page', 'loopback')

    def test_by_name(self):
        rows = (('localhost', 200), ('localhost:8080', 200), ('127.0.0.1:%d' % self.podfit.ops_port, 200), ('127.9.9.9', 200), ('[::1]:8080', 200), ('[::1]', 200),
                ('evil.example:8080', 404), ('127.evil.example', 404), ('localhost.evil.example', 404), ('10.0.0.1', 404), ('', 404))
        for host, wanted in rows:
            with self.subTest(host):
                self.assertEqual(get(self.podfit, '/', host)[0], wanted)
                self.assertEqual(self.stats(host=host)['details'], wanted == 200)


class Discreet(living.Traffic):
    """With a living cluster, too, who may not see the page gets numbers and no names, whatever happened."""
    config_text = living.CONFIG

    @classmethod
    def make_podfit(cls):
        cls.cluster = living.small_cluster('no')
        cls.addClassCleanup(cls.cluster.__exit__)
        return living.Podfit(cls.cluster, cls.config_text, cls.options)

    def ask(self, host):
        status, _, body = get(self.podfit, '/stats?pool=other', host)
        self.assertEqual(status, 200)
        return json.loads(body), body

    def happen(self):
        """A right prediction, a wrong one with the scheduler's sentence, a rejection, a pod behind the gate."""
        self.bind(self.admit('jhub', '3900m'), 'node-0')
        self.bind(self.admit('jhub', '3990m'), 'node-1')
        self.leave(self.admit('cocalc', '1'), 'the scheduler names node-1')
        self.assertIsNone(self.admit('jhub', '9'))
        self.admit('jhub', '3')
        self.podfit.wait_for(lambda: self.podfit.stats()['predictions']['wrong'] == 1, 'the misprediction')
        self.podfit.wait_for(lambda: self.podfit.stats()['gates']['waiting'] == 1, 'the pod behind the gate')

    def check(self, host, names):
        stats, text = self.ask(host)
        self.assertEqual(stats['details'], names)
        self.assertEqual((stats['predictions']['right'], stats['predictions']['wrong']), (2, 1))
        self.assertEqual((stats['model']['nodes'], stats['gates']['waiting']), (2, 1))
        for word in ('project-', 'node-0', 'node-1', 'the scheduler', 'cocalc', 'jhub', 'nodes are available', 'mispredictions'):
            with self.subTest(word, host=host):
                self.assertEqual(word in text, names)


class TestOffLive(Discreet, PageCase):
    options = ('--status-page', 'off')

    def test_numbers_only(self):
        self.happen()
        self.check('localhost', False)


class TestLoopbackLive(Discreet, PageCase):
    options = ('--status-page', 'loopback')

    def test_names_for_loopback_alone(self):
        self.happen()
        self.check('localhost', True)
        self.check('podfit.podfit-system.svc', False)


if __name__ == '__main__':
    harness.main()
