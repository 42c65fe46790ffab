"""The kubectl plug-in: the archive and the manifest that krew installs it from."""
import hashlib
import os
import shutil
import tarfile
import tempfile
import unittest

import yaml

import render

URL = 'https://example.com/podfit/v0.1.0/'


class Krew(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """In a copy of what scripts/package reads, so that the tree stays as it is."""
        cls.work = tempfile.mkdtemp(prefix='podfit-package-')
        cls.addClassCleanup(shutil.rmtree, cls.work)
        for path in ('scripts/package', 'manifests/krew/podfit.yaml', 'CMakeLists.txt'):
            os.makedirs(os.path.join(cls.work, os.path.dirname(path)), exist_ok=True)
            shutil.copy(os.path.join(render.ROOT, path), os.path.join(cls.work, path))
        cls.archive, cls.manifest = cls.package()

    @classmethod
    def package(cls):
        code, out, err = render.run([os.path.join(cls.work, 'scripts', 'package'), URL, render.BINARY])
        if code != 0:
            raise AssertionError(err)
        return [os.path.join(cls.work, line) for line in out.split()]

    def digest(self):
        with open(self.archive, 'rb') as f:
            return hashlib.sha256(f.read()).hexdigest()

    def platform(self):
        with open(self.manifest, encoding='utf-8') as f:
            text = f.read()
        self.assertNotIn('@', text)
        return yaml.safe_load(text), yaml.safe_load(text)['spec']['platforms'][0]

    def test_manifest(self):
        manifest, platform = self.platform()
        self.assertEqual((manifest['kind'], manifest['metadata']['name']), ('Plugin', 'podfit'))
        self.assertEqual(platform['uri'], URL + os.path.basename(self.archive))
        self.assertEqual(platform['sha256'], self.digest())
        self.assertLessEqual(len(manifest['spec']['shortDescription']), 50, 'krew cuts it')
        with open(os.path.join(render.ROOT, 'CMakeLists.txt'), encoding='utf-8') as f:
            self.assertIn('project(podfit VERSION %s ' % manifest['spec']['version'][1:], f.read())

    def test_archive(self):
        platform = self.platform()[1]
        with tarfile.open(self.archive) as archive:
            self.assertEqual(archive.getnames(), [platform['bin']])
            archive.extract(platform['bin'], self.work)
        code, out, err = render.run([os.path.join(self.work, platform['bin']), 'version'])
        self.assertEqual((code, err), (0, ''))
        self.assertIn('podfit', out)

    def test_the_same_again(self):
        before = self.digest()
        self.package()
        self.assertEqual(self.digest(), before)

    def test_refusals(self):
        for args, message in ((['http://example.com'], "does not begin with https://"), ([], 'usage: '), ([URL, '/nonexistent'], "'/nonexistent' is not a program")):
            with self.subTest(args):
                code, _, err = render.run([os.path.join(self.work, 'scripts', 'package'), *args])
                self.assertEqual(code, 1)
                self.assertIn(message, err)


if __name__ == '__main__':
    unittest.main()
