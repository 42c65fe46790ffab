"""CustomResourceDefinitions of other projects, out of their Go modules (tests/crds pins them; downloaded once into Go's module cache)."""
import glob
import json
import os
import shutil
import subprocess
import unittest

from plane import ROOT

MODULES = os.path.join(ROOT, 'tests', 'crds')


def files(module, pattern):
    """Paths of the files of a module; the test is skipped without Go, and fails where CI=true."""
    if shutil.which('go') is None and os.environ.get('CI') != 'true':
        raise unittest.SkipTest('no Go to download %s with' % module)
    done = subprocess.run(['go', 'mod', 'download', '-json', module], cwd=MODULES, stdout=subprocess.PIPE, check=False, encoding='utf8')
    folder = json.loads(done.stdout).get('Dir') if done.stdout else None
    found = sorted(glob.glob(os.path.join(folder or '', pattern))) if folder else []
    if not found:
        raise AssertionError('%s has no %s: %s' % (module, pattern, done.stdout))
    return found
