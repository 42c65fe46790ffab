"""scripts/demo --cluster does what it promises, and README.md quotes what it prints."""
import os
import re
import subprocess
import sys
import unittest

import scenario
from plane import ROOT


class Demo(unittest.TestCase):
    def test_readme_quotes_it(self):
        with open(os.path.join(ROOT, 'README.md'), encoding='utf8') as file:
            quotations = re.findall(r'<!-- (cluster[a-z-]*):begin -->\n```text\n(.*?)```\n<!-- \1:end -->', file.read(), re.S)
        self.assertEqual([name for name, _ in quotations], ['cluster', 'cluster-install'])
        demo = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'demo.py')
        done = subprocess.run([sys.executable, '-B', demo, '--exit'], stdout=subprocess.PIPE, timeout=200, check=False, encoding='utf8')
        if done.returncode == scenario.SKIPPED:
            self.skipTest('no control plane')
        self.assertEqual(done.returncode, 0, done.stdout)
        for _, quoted in quotations:
            self.assertIn(quoted, done.stdout)


if __name__ == '__main__':
    scenario.main()
