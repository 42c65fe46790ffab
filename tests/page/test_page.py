"""The status page in a headless Chromium: what is on it at 3, 300 and 5,000 nodes, in both colour schemes, on a phone, without JavaScript, with the keyboard, and hostile names."""
import json
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'e2e'))
sys.path.insert(0, HERE)
import browser  # noqa: E402
import cluster  # noqa: E402
import harness  # noqa: E402

SKIPPED = 77
SIZES = (('light', 1280), ('dark', 1280), ('light', 390), ('dark', 390))
# Screenshots are written here when it is set; they are for people.
SHOTS = os.environ.get('PODFIT_PAGE_SHOTS')
with open(os.path.join(HERE, 'looks.js'), encoding='utf8') as file:
    LOOKS = file.read()
CHROMIUM = None


def setUpModule():
    global CHROMIUM
    CHROMIUM = browser.Browser()


def tearDownModule():
    CHROMIUM.close()


class PageCase(harness.Case):
    config_text = cluster.CONFIG
    nodes = 3

    @classmethod
    def setUpClass(cls):
        if cls.snapshot_text is None:
            cls.snapshot_text = cluster.snapshot(cls.nodes)
        super().setUpClass()
        cls.url = 'http://127.0.0.1:%d/' % cls.podfit.ops_port

    def page(self, path='', **look):
        page = CHROMIUM.page(**look)
        page.open(self.url + path)
        return page

    def check_quiet(self, page):
        """Nothing in the console, nothing asked of anybody else."""
        self.assertEqual(page.complaints(), [])
        self.assertEqual([url for url in page.requests() if not url.startswith((self.url, 'data:'))], [])

    def check_looks(self, page):
        looks = page.run(LOOKS)
        self.assertEqual(looks['pale'], [], 'contrast below WCAG AA')
        self.assertEqual(looks['wide'], [])
        self.assertLessEqual(looks['overflow'], 0)
        self.assertEqual(looks['small'], [])

    def shoot(self, page, name):
        if SHOTS:
            page.screenshot(os.path.join(SHOTS, name + '.png'))

    def fill(self):
        """Decisions of every kind."""
        for number, (space, cpu) in enumerate((('cocalc', '10m'), ('ide', '1'), ('jhub', '200'), ('jhub', '500m'), ('other', '1'))):
            self.assertEqual(self.podfit.post(harness.review(number, cpu=cpu, namespace=space)).status, 200)


class Sizes:
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
            tree = page.call('Accessibility.getFullAXTree')['nodes']
            shown = [node for node in tree if not node['ignored']]
            headings = [(next(p['value']['value'] for p in node['properties'] if p['name'] == 'level'), node['name']['value'])
                        for node in shown if node['role']['value'] == 'heading']
            self.assertEqual([name for level, name in headings if level == 1], ['podfit'])
            jumps = [(before, after) for before, after in zip(headings, headings[1:]) if after[0] > before[0] + 1]
            self.assertEqual(jumps, [])
            for role in ('main', 'banner', 'contentinfo'):
                self.assertEqual(sum(node['role']['value'] == role for node in shown), 1, role)
            nameless = [node for node in shown if node['role']['value'] in ('link', 'image', 'img', 'button', 'region', 'navigation') and not node['name']['value'].strip()]
            self.assertEqual(nameless, [])

    def test_keyboard(self):
        """Tab goes through everything that can be used, in the order in which it stands, and shows where it is."""
        with self.page() as page:
            wanted = page.run('[...document.querySelectorAll("a[href], summary")].map((e) => e.textContent.trim())')
            got = []
            for _ in wanted:
                page.press('Tab', 9)
                got.append(page.run('document.activeElement.textContent.trim()'))
                outline = page.run('getComputedStyle(document.activeElement).outlineStyle')
                self.assertEqual(outline, 'solid')
            self.assertEqual(got, wanted)
            self.assertEqual(got[0], 'Skip to the headroom')


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
            self.assertIn('nvidia.com/gpu=present:NoSchedule', page.text('#nodes .node'))
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


class TestLive(PageCase):
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
        with CHROMIUM.page() as page:
            try:
                page.open('http://127.0.0.1:%d/' % other.ops_port)
                other.stop()
                page.wait_until(lambda: 'does not answer' in page.text('#live'), 'the notice')
                self.assertIn('Headroom', page.text())
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


def main():
    if browser.program() is None:
        print("the tests of the status page need 'chromium': apt-get install chromium")
        sys.exit(1 if os.environ.get('CI') == 'true' else SKIPPED)
    harness.main()


if __name__ == '__main__':
    main()
