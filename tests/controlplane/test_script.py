"""scripts/lib/controlplane without building anything: KUBEBUILDER_ASSETS, and what happens where there is nothing to start."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..'))
SCRIPT = os.path.join(ROOT, 'scripts', 'lib', 'controlplane')
SUPERVISOR = os.path.join(ROOT, 'tests', 'e2e', 'cluster', 'supervisor.py')
SCENARIO = os.path.join(ROOT, 'tests', 'e2e', 'cluster', 'test_kubectl.py')
PROGRAMS = ('etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl')
# all that the script and its callers use of the system, but no Go
TOOLS = ('bash', 'cat', 'cut', 'dirname', 'env', 'find', 'flock', 'head', 'ln', 'mkdir', 'mv', 'rm', 'sed', 'sha256sum', 'touch')
NO_GO = 'no Go (1.26 or newer) to build a control plane with'


class Script(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='podfit-script-')
        self.addCleanup(shutil.rmtree, self.folder)
        self.environment = {'PATH': self.make('bin'), 'HOME': self.make('home')}
        for tool in TOOLS:
            os.symlink(shutil.which(tool), os.path.join(self.folder, 'bin', tool))

    def make(self, name, programs=()):
        """A folder with executables of these names."""
        path = os.path.join(self.folder, name)
        os.mkdir(path)
        for program in programs:
            with open(os.open(os.path.join(path, program), os.O_WRONLY | os.O_CREAT, 0o755), 'w', encoding='ascii') as file:
                file.write('#!/bin/sh\necho %s of %s\n' % (program, name))
        return path

    def run_program(self, *args, **more):
        done = subprocess.run(args, env=dict(self.environment, **more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf8', timeout=60, check=False)
        return done.returncode, done.stdout.strip(), done.stderr.strip()

    def check_links(self, folder, expected):
        for program, origin in expected.items():
            said = subprocess.run([os.path.join(folder, program)], stdout=subprocess.PIPE, encoding='utf8', check=True).stdout
            self.assertEqual(said, '%s of %s\n' % (program, origin))

    def test_all_in_assets(self):
        assets = self.make('assets', PROGRAMS)
        status, folder, said = self.run_program(SCRIPT, KUBEBUILDER_ASSETS=assets)
        self.assertEqual((status, said), (0, ''))
        self.check_links(folder, {program: 'assets' for program in PROGRAMS})
        self.assertEqual(self.run_program(SCRIPT, KUBEBUILDER_ASSETS=assets), (0, folder, ''), 'the same folder again')

    def test_the_rest_on_the_path(self):
        assets, rest = self.make('assets', ('etcd', 'kube-apiserver', 'kubectl')), self.make('rest', PROGRAMS)
        path = self.environment['PATH'] + os.pathsep + rest
        status, folder, said = self.run_program(SCRIPT, KUBEBUILDER_ASSETS=assets, PATH=path)
        self.assertEqual((status, said), (0, ''))
        self.check_links(folder, {program: 'assets' if program in ('etcd', 'kube-apiserver', 'kubectl') else 'rest' for program in PROGRAMS})

    def test_nothing_to_start(self):
        """Skipped with one line; in CI a failure."""
        incomplete = self.make('incomplete', ('etcd', 'kube-apiserver', 'kubectl'))
        missing = "'kube-controller-manager' is neither in KUBEBUILDER_ASSETS ('%s') nor on PATH" % incomplete
        for name, more, message in (('no Go', {}, NO_GO), ('assets without controllers', {'KUBEBUILDER_ASSETS': incomplete}, missing)):
            for ci, expected in (('', 77), ('true', 1)):
                with self.subTest(name=name, ci=ci):
                    status, out, said = self.run_program(SCRIPT, CI=ci, **more)
                    self.assertEqual((status, out), (expected, ''))
                    self.assertTrue(said.startswith('controlplane: ' + message), said)
                    self.assertEqual(said.count('\n'), 0, said)

    def test_scenarios_pass_it_on(self):
        for args in ([SUPERVISOR, 'up', os.path.join(self.folder, 'state.json')], [SCENARIO]):
            for ci, expected in (('', 77), ('true', 1)):
                with self.subTest(args=args, ci=ci):
                    status, _, said = self.run_program(sys.executable, '-B', *args, CI=ci)
                    self.assertEqual(status, expected, said)
                    self.assertIn('controlplane: ' + NO_GO, said)


if __name__ == '__main__':
    unittest.main(verbosity=2)
