"""The commands of the operators' pages, run in order against a cluster with podfit in it, as somebody would who reads them."""
import os
import subprocess
import sys
import tempfile

import manifests
import scenario
from kubelet import Kubelet
from plane import ROOT, wait_until
from webhook import Podfit

sys.path.insert(0, os.path.join(ROOT, 'tests', 'docs'))
import pages  # noqa: E402 pylint: disable=wrong-import-position

OVERLAY = 'overlays/cocalc'
EXAMPLE = os.path.join(manifests.FOLDER, OVERLAY, 'example', 'cluster.yaml')


class Docs(scenario.Scenario):
    namespaces = ('cocalc',)

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = folder.name
        for name in ('examples', 'manifests'):
            os.symlink(os.path.join(ROOT, name), os.path.join(self.work, name))
        with open(EXAMPLE, encoding='utf8') as file:
            self.plane.kubectl('apply', '-f', '-', data=file.read())
        self.addCleanup(self.remove)
        self.kubelet = Kubelet(self.api, 'runs')
        self.kubelet.__enter__()
        self.addCleanup(self.kubelet.__exit__, None, None, None)
        self.install()

    def install(self):
        """What section 2 of docs/OPERATING.md does, with a podfit outside of the cluster, since there are no containers."""
        objects = manifests.render(self.plane, OVERLAY)
        manifests.apply(self.plane, [o for o in objects if o['kind'] != 'MutatingWebhookConfiguration'])
        self.podfit = Podfit(self.plane, manifests.configuration_of(objects), manifests.service_account_kubeconfig(self.plane))
        self.addCleanup(self.podfit.remove)
        self.podfit.start()
        self.addCleanup(self.stop_podfit, self.podfit)
        manifests.apply(self.plane, manifests.with_url(objects, self.podfit.url, self.podfit.ca_bundle()))

    def remove(self):
        """What is left of podfit when the pages are done, or were not; another scenario may want the namespace."""
        self.plane.kubectl('delete', '-k', os.path.join(manifests.FOLDER, OVERLAY), '--ignore-not-found', '--wait=false')
        wait_until(self.gone, 'the end of the namespace podfit-system', scenario.PATIENCE)

    def gone(self):
        self.api.delete_all('Pod', 'podfit-system')
        return not self.api.exists('Namespace', None, 'podfit-system')

    def run_command(self, command):
        path = '%s:%s:%s' % (os.path.dirname(os.environ['PODFIT']), self.plane.state['binaries'], os.environ['PATH'])
        env = dict(os.environ, PATH=path, KUBECONFIG=self.plane.admin_kubeconfig)
        done = subprocess.run(['bash', '-o', 'pipefail', '-c', command], cwd=self.work, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=scenario.PATIENCE * 2, check=False, encoding='utf8')
        return done.returncode, done.stdout

    def run_page(self, name):
        with open(os.path.join(ROOT, 'docs', name), encoding='utf8') as file:
            text = file.read()
        count = 0
        for line, commands, reason in pages.shell_blocks(text):
            for command in commands if reason is None else []:
                with self.subTest('%s:%d: %s' % (name, line, command)):
                    status, printed = self.run_command(command)
                    self.assertEqual(status, 0, printed)
                    count += 1
        return count

    def test_pages(self):
        """The second one removes podfit at its end."""
        self.assertGreaterEqual(self.run_page('TROUBLESHOOTING.md'), 12)
        self.assertGreaterEqual(self.run_page('OPERATING.md'), 15)


if __name__ == '__main__':
    scenario.main()
