"""The live parts of the status page: a podfit that follows an API server, in a headless Chromium. Predictions, gates, watches, the model's age, the certificate's, and hostile text in each."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from pagecase import SIZES, PageCase, main  # noqa: E402
import cluster  # noqa: E402
import harness  # noqa: E402
import living  # noqa: E402

HEARD = 'Heard: ' + cluster.EVIL


class LiveCase(living.Traffic, PageCase):
    """A cluster and a podfit for each class."""
    config_text = living.CONFIG

    @classmethod
    def setUpClass(cls):
        cls.cluster = living.small_cluster(HEARD)
        cls.addClassCleanup(cls.cluster.__exit__)
        super().setUpClass()

    @classmethod
    def make_podfit(cls):
        return living.Podfit(cls.cluster, cls.config_text)

    def wait_for_text(self, page, selector, text):
        page.wait_until(lambda: text in (page.text(selector) or ''), '%r in %s, which has %r' % (text, selector, page.text(selector)))


class TestPredictions(LiveCase):
    def test_predictions(self):
        """What came true and what did not comes without a reload; the scheduler's sentence is hostile."""
        with self.page() as page:
            self.assertIn('nothing to compare yet', page.text('#summary'))
            self.assertIn('None.', page.text('#misses'))
            page.run('window.kept = true')
            self.bind(self.admit('cocalc', '10m'))
            self.leave(self.admit('cocalc', '20m'), HEARD)
            self.wait_for_text(page, '#summary', '50.00 %')
            self.assertIn('right; 1 wrong, 0 early', page.text('#summary'))
            self.wait_for_text(page, '#misses', 'fits, then unschedulable')
            self.assertIn('<img src=x onerror="window.pwned=1">', page.text('#misses'))
            self.assertIsNone(page.run('window.pwned ?? null'))
            self.assertTrue(page.run('window.kept'))
            self.check_looks(page)
            self.check_quiet(page)


class TestLive(LiveCase):
    def tearDown(self):
        self.clear()

    def test_gate(self):
        """A pod waits behind the gate until there is room, and both are seen."""
        fillers = [self.bind(self.admit('jhub', '3500m'), 'node-%d' % number) for number in range(2)]
        with self.page() as page:
            waiting = self.admit('jhub', '2')
            self.assertEqual(waiting['spec']['schedulingGates'], [{'name': 'podfit.io/capacity'}])
            self.wait_for_text(page, '#summary', 'At the gate\n1\nwaiting')
            self.assertIn('full, gate', page.text('#decisions'))
            self.cluster.remove(fillers[0])
            self.wait_for_text(page, '#summary', 'At the gate\n0\nwaiting, 1 let in')
            self.assertEqual(self.cluster.pod('/api/v1/namespaces/jhub/pods/' + waiting['metadata']['name'])['spec'].get('schedulingGates', []), [])
            self.check_quiet(page)

    def test_nodes_come_and_go(self):
        with self.page() as page:
            added = self.cluster.put(harness.node('another'))
            self.wait_for_text(page, '#nodes', 'another')
            self.assertEqual(page.text('#summary dd'), '3')
            self.cluster.put(dict(added, spec={'unschedulable': True}))
            self.wait_for_text(page, '#nodes', 'cordoned')
            self.cluster.remove(added)
            page.wait_until(lambda: 'another' not in page.text('#nodes'), 'the node to go')
            self.check_quiet(page)

    def test_no_room(self):
        """A class of which nothing fits stands out, and says why."""
        for number in range(2):
            self.bind(self.admit('jhub', '3990m'), 'node-%d' % number)
        with self.page() as page:
            self.wait_for_text(page, '#headroom .nofit .big', '0')
            self.assertIn('Missing: cpu.', page.text('#headroom .nofit'))
            self.assertIn('Insufficient cpu', page.text('#headroom .nofit'))
            self.assertIsNone(self.admit('cocalc', '2'))
            self.wait_for_text(page, '#rejections', 'rejected')
            self.check_looks(page)
            self.shoot(page, 'none-fits')

    def test_watches(self):
        """A kind that may not be watched is a problem; the table has all of them and stays open while it follows."""
        with self.page() as page:
            self.assertIn('podfit may not watch poddisruptionbudgets', page.text('#notes'))
            self.assertIn('<script>window.pwned=2</script>', page.text('#notes'))
            self.assertEqual(page.run('document.title'), '(1) podfit status')
            page.run('document.getElementById("watch-summary").click(); window.old = document.getElementById("watch-details")')
            page.wait_until(lambda: page.run('!window.old.isConnected'), 'the table to be exchanged')
            self.assertTrue(page.run('document.getElementById("watch-details").open'))
            rows = dict(row.split('\t', 1) for row in page.texts('#watch tbody tr'))
            self.assertTrue(rows['nodes'].startswith('synced\t'), rows)
            self.assertIn('denied', rows['poddisruptionbudgets'])
            self.assertIn('pods', rows)
            self.assertIsNone(page.run('window.pwned ?? null'))
            self.check_looks(page)
            self.check_quiet(page)

    def test_looks(self):
        self.bind(self.admit('cocalc', '1'))
        self.admit('jhub', '500m')
        self.leave(self.admit('cocalc', '20m'), '0/2 nodes are available: 2 Insufficient memory.')
        for scheme, width in SIZES:
            with self.subTest(scheme=scheme, width=width), self.page(scheme=scheme, width=width) as page:
                self.assertIn('Kubernetes 1.36', page.text('#summary'))
                self.assertRegex(page.text('#summary'), r'Certificate\n8\d days\nuntil it expires')
                page.run('document.getElementById("watch-summary").click()')
                self.check_looks(page)
                self.check_outline(page)
                self.check_quiet(page)
                self.shoot(page, 'live-%s-%d' % (scheme, width))

    def test_keyboard(self):
        with self.page() as page:
            page.run('document.getElementById("watch-summary").click()')
            self.check_tabs(page)

    def test_without_scripts(self):
        with self.page(scripts=False, width=390) as page:
            for text in ('At the gate', 'What is watched in the cluster', 'podfit may not watch', 'Predictions that did not come true'):
                self.assertIn(text, page.text())
            page.call('DOM.getDocument')
            self.check_quiet(page)


class TestSilence(LiveCase):
    def test_stale(self):
        """An API server that says nothing any more: the page says so, and takes it back when it is heard again."""
        with self.page() as page:
            self.assertNotIn('The model is', page.text('#notes'))
            self.cluster.silent = True
            self.wait_for_text(page, '#notes', 'the API server has not been heard of for longer than 12 s')
            self.assertEqual(page.run('document.title'), '(2) podfit status')
            self.assertIn('old', page.text('#summary .alarm'))
            self.assertTrue(self.podfit.stats()['model']['stale'])
            self.check_looks(page)
            self.shoot(page, 'stale')
            self.cluster.silent = False
            page.wait_until(lambda: 'The model is' not in page.text('#notes'), 'the model to be fresh again')
            self.assertFalse(self.podfit.stats()['model']['stale'])
            self.check_quiet(page)


class TestMany(LiveCase):
    def test_only_the_latest_are_open(self):
        """Fifty decisions do not bury the page: eight are open, the rest at one key, and that stays as it is while the page follows."""
        for _ in range(12):
            self.admit('cocalc', '10m')
        seen = '[...document.querySelectorAll("#decisions li")].filter((e) => e.checkVisibility()).length'
        with self.page() as page:
            self.assertEqual(page.run(seen), 8)
            self.assertFalse(page.run('document.getElementById("rejections-all").checkVisibility()'))
            page.run('document.getElementById("decisions-all").focus()')
            page.press(' ', 32)
            self.assertEqual(page.run(seen), 12)
            self.admit('cocalc', '10m')
            page.wait_until(lambda: page.run(seen) == 13, 'the thirteenth')
            self.assertEqual(page.run('document.activeElement.id'), 'decisions-all')
            self.check_looks(page)
            self.check_quiet(page)


if __name__ == '__main__':
    main()
