"""What the browser tests of the status page share: one browser, a podfit with a page, and what must hold for every look at it."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'e2e'))
import browser  # noqa: E402
import cluster  # noqa: E402
import harness  # noqa: E402

SKIPPED = 77
SIZES = (('light', 1280), ('dark', 1280), ('light', 390), ('dark', 390))
# Screenshots are written here when it is set; they are for people.
SHOTS = os.environ.get('PODFIT_PAGE_SHOTS')
with open(os.path.join(HERE, 'looks.js'), encoding='utf8') as file:
    LOOKS = file.read()


class PageCase(harness.Case):
    """@var chromium  one for all classes, started by the first"""
    config_text = cluster.CONFIG
    nodes = 3
    chromium = None

    @classmethod
    def setUpClass(cls):
        if cls.snapshot_text is None:
            cls.snapshot_text = cluster.snapshot(cls.nodes)
        super().setUpClass()
        cls.url = 'http://127.0.0.1:%d/' % cls.podfit.ops_port
        if PageCase.chromium is None:
            PageCase.chromium = browser.Browser()

    def page(self, path='', **look):
        page = self.chromium.page(**look)
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

    def check_outline(self, page):
        """Headings without jumps, each landmark once, no control without a name: what a screen reader goes by."""
        shown = [node for node in page.call('Accessibility.getFullAXTree')['nodes'] if not node['ignored']]
        headings = [(next(p['value']['value'] for p in node['properties'] if p['name'] == 'level'), node['name']['value'])
                    for node in shown if node['role']['value'] == 'heading']
        self.assertEqual([name for level, name in headings if level == 1], ['podfit'])
        self.assertEqual([(before, after) for before, after in zip(headings, headings[1:]) if after[0] > before[0] + 1], [])
        for role in ('main', 'banner', 'contentinfo'):
            self.assertEqual(sum(node['role']['value'] == role for node in shown), 1, role)
        named = ('link', 'image', 'img', 'button', 'checkbox', 'region', 'navigation')
        self.assertEqual([node for node in shown if node['role']['value'] in named and not node['name']['value'].strip()], [])

    def check_tabs(self, page):
        """Tab goes through everything that can be used, in the order in which it stands, and shows where it is."""
        wanted = page.run('[...document.querySelectorAll("a[href], summary, input, [tabindex=\'0\']")].filter((e) => e.checkVisibility()).map((e) => e.id || e.textContent.trim())')
        got = []
        for _ in wanted:
            page.press('Tab', 9)
            got.append(page.run('document.activeElement.id || document.activeElement.textContent.trim()'))
            self.assertEqual(page.run('getComputedStyle(document.activeElement).outlineStyle'), 'solid', got)
        self.assertEqual(got, wanted)
        self.assertEqual(got[0], 'Skip to the headroom')

    def shoot(self, page, name):
        if SHOTS:
            page.screenshot(os.path.join(SHOTS, name + '.png'))


def main():
    """Run the tests of the program that was started, with a browser or not at all."""
    if browser.program() is None:
        print("the tests of the status page need 'chromium': apt-get install chromium")
        sys.exit(1 if os.environ.get('CI') == 'true' else SKIPPED)
    try:
        harness.main()
    finally:
        if PageCase.chromium is not None:
            PageCase.chromium.close()
