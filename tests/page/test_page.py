"""The status page in a headless Chromium: what is on it at 3, 300 and 5,000 nodes, in both colour schemes, on a phone, without JavaScript, with the keyboard, and hostile names."""
import json
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'e2e'))
sys.path.insert(0, HERE)
import cluster  # noqa: E402
import harness  # noqa: E402

from pagecase import SIZES, PageCase, main  # noqa: E402


class Filled:
    """A page with something on it."""

    def fill(self):
        """Decisions of every kind."""
        for number, (space, cpu) in enumerate((('cocalc', '10m'), ('ide', '1'), ('jhub', '200'), ('jhub', '500m'), ('other', '1'))):
            self.assertEqual(self.podfit.post(harness.review(number, cpu=cpu, namespace=space)).status, 200)


class Sizes(Filled):
    """What holds for clusters of every size."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fill(cls('test_looks'))

    def test_looks(self):
        for scheme, width in SIZES:
            with self.subTest(scheme=scheme, width=width), self.page(scheme=scheme, width=width) as page:
                self.assertEqual(page.run('matchMedia("(prefers-color-scheme: dark)").matches'), scheme == 'dark')
                self.check_looks(page)
                self.check_quiet(page)
                self.shoot(page, '%d-%s-%d' % (self.nodes, scheme, width))

    def test_texts(self):
        with self.page() as page:
            stats = self.podfit.stats()
            self.assertEqual(page.text('h1'), 'podfit')
            self.assertEqual(page.text('#summary dd'), '{:,}'.format(self.nodes))
            self.assertEqual(page.texts('#headroom h3'), ['projects', 'workspaces', 'notebooks'])
            self.assertEqual(page.texts('#headroom .big'), ['{:,}'.format(one['projects']) if one['known'] else 'not known' for one in stats['headroom']['classes']])
            self.assertEqual(page.texts('#nodes h3'), [pool['pool'] for pool in stats['pools']])
            self.assertIn(stats['headroom']['classes'][1]['binding'], page.text('#headroom article:nth-of-type(2)'))
            self.check_decisions(page)

    def check_decisions(self, page):
        found = page.texts('#decisions li')
        self.assertEqual(len(found), 4)
        self.assertIn('project-3', found[0])
        self.assertIn('never, reject', found[1])
        self.assertIn('Insufficient cpu', found[1])
        rejected = page.texts('#rejections li')
        self.assertEqual(len(rejected), 1)
        self.assertIn('cpu is what binds', rejected[0])

    def test_without_scripts(self):
        with self.page(scripts=False) as page:
            text = page.text()
            for part in ('Headroom', 'Latest decisions', 'projects', 'This page loads itself again every 15 seconds'):
                self.assertIn(part, text)
            self.assertNotIn('Follows live', text)
            self.assertEqual(page.run('document.querySelector("meta[http-equiv]")?.content ?? ""'), '15')
            self.check_quiet(page)

    def test_screen_reader(self):
        with self.page() as page:
            self.check_outline(page)

    def test_keyboard(self):
        with self.page() as page:
            self.check_tabs(page)


class TestThree(Sizes, PageCase):
    nodes = 3

    def test_all_nodes_are_there(self):
        with self.page() as page:
            self.assertEqual([name.split()[0] for name in page.texts('#nodes h4')], ['projects-0000', 'projects-0001', 'projects-0002'])
            self.assertIn('cordoned', page.text('#nodes .node:nth-of-type(3)'))
            self.assertIn('6 of 330, 3 reserved', page.text('#nodes'))


class Drill(Sizes):
    def test_drill_down(self):
        """With the keyboard alone: from the pool to its nodes and back."""
        with self.page() as page:
            self.assertEqual(page.texts('#nodes h4'), [])
            page.run('document.getElementById("pool-gpu").focus()')
            before = len(page.seen('Page.loadEventFired'))
            page.press('Enter', 13)
            page.wait_until(lambda: len(page.seen('Page.loadEventFired')) > before, 'the pool')
            names = [name.split()[0] for name in page.texts('#nodes h4')]
            wanted = ['gpu-%04d' % number for number in range(self.nodes) if cluster.pool_of(number, self.nodes) == 'gpu']
            self.assertEqual(names, wanted[:100])
            # what all nodes have stands once, at the pool
            self.assertIn('nvidia.com/gpu=present:NoSchedule', page.text('#nodes .poolgrid'))
            self.assertNotIn('nvidia.com', ' '.join(page.texts('#nodes .node')))
            self.assertEqual(page.run('document.querySelector("nav [aria-current]").textContent'), 'gpu')
            self.check_looks(page)
            self.check_quiet(page)
            self.shoot(page, '%d-pool' % self.nodes)
            self.assertEqual(page.run('Boolean(document.getElementById("next"))'), len(wanted) > 100)

    def test_nodes_of_a_pool_on_a_phone(self):
        with self.page('?pool=' + cluster.POOLS[3], width=390, scheme='dark') as page:
            self.check_looks(page)
            self.shoot(page, '%d-pool-390' % self.nodes)


class TestThreeHundred(Drill, PageCase):
    nodes = 300


class TestFiveThousand(Drill, PageCase):
    nodes = 5000

    def test_is_bounded(self):
        """The page of 5,000 nodes is a summary, and that of a pool has a hundred of them."""
        self.assertLess(len(self.podfit.ops('/')[1]), 100 * 1024)
        self.assertLess(len(self.podfit.ops('/?pool=projects&page=2')[1]), 400 * 1024)

    def test_pages(self):
        with self.page('?pool=projects') as page:
            self.assertIn('Nodes 1 to 100, page 1 of', page.text('#nodes'))
            before = len(page.seen('Page.loadEventFired'))
            page.run('document.getElementById("next").click()')
            page.wait_until(lambda: len(page.seen('Page.loadEventFired')) > before, 'the next page')
            self.assertIn('Nodes 101 to 200, page 2 of', page.text('#nodes'))
            self.assertEqual(len(page.texts('#nodes h4')), 100)


class TestFollowing(Filled, PageCase):
    nodes = 60

    def test_follows(self):
        """What happens comes without a reload, and the keyboard stays where it was, even in a part that is exchanged."""
        with self.page() as page:
            self.assertEqual(page.text('#live'), 'Follows live, every 5 seconds.')
            self.assertIn('None since podfit started', page.text('#decisions'))
            page.run('window.kept = true; document.getElementById("pool-gpu").focus(); window.old = document.activeElement')
            self.fill()
            page.wait_until(lambda: 'project-3' in page.text('#decisions'), 'the decision')
            page.wait_until(lambda: page.run('!window.old.isConnected'), 'the pools to be exchanged')
            self.assertTrue(page.run('window.kept'))
            self.assertEqual(page.run('document.activeElement.id'), 'pool-gpu')
            self.assertEqual(len(page.seen('Page.loadEventFired')), 1)
            self.check_quiet(page)

    def test_says_when_it_is_cut_off(self):
        other = harness.Podfit((), self.config_text, self.snapshot_text)
        with self.chromium.page() as page:
            try:
                page.open('http://127.0.0.1:%d/' % other.ops_port)
                other.stop()
                page.wait_until(lambda: 'does not answer' in page.text('#live'), 'the notice')
                self.assertRegex(page.text('#live'), r'what you see is of \d\d:\d\d:\d\d UTC')
                self.assertEqual(page.run('document.title'), '(?) podfit status')
                self.assertNotIn('serving', page.text('#state'))
                self.assertIn('Headroom', page.text())
                self.shoot(page, 'lost')
                other.start()
            finally:
                other.remove()


class TestHostile(PageCase):
    snapshot_text = cluster.hostile()

    def test_stays_text(self):
        body = json.loads(harness.review(1, cpu='1'))
        body['request']['object']['metadata']['name'] = 'pod' + cluster.EVIL
        body['request']['object']['metadata']['ownerReferences'] = [{'kind': 'Kind' + cluster.EVIL, 'name': cluster.EVIL, 'controller': True, 'uid': 'u', 'apiVersion': 'v1'}]
        body['request']['object']['spec']['nodeSelector'] = {'x': cluster.EVIL}
        self.podfit.post(json.dumps(body).encode())
        for path in ('', '?pool=' + browser_quote('pool' + cluster.EVIL), '?pool=' + browser_quote(cluster.EVIL)):
            with self.subTest(path), self.page(path) as page:
                self.assertIsNone(page.run('window.pwned ?? null'))
                self.assertEqual(page.run('document.querySelectorAll("img, iframe, main script, [onerror]").length'), 0)
                self.assertEqual(page.seen('Page.javascriptDialogOpening'), [])
                self.assertIn('<img src=x onerror="window.pwned=1"><script>', page.text())
                self.check_looks(page)
                self.check_quiet(page)


class TestEmpty(PageCase):
    snapshot_text = json.dumps({'kind': 'List', 'apiVersion': 'v1', 'items': []})

    def test_nothing_is_there(self):
        for width in (1280, 390):
            with self.page(width=width) as page:
                self.assertIn('No node is known', page.text('#nodes'))
                self.assertEqual(page.text('#summary dd'), '0')
                self.check_looks(page)
                self.check_quiet(page)


def browser_quote(text):
    return ''.join('%%%02X' % byte for byte in text.encode())


if __name__ == '__main__':
    main()
