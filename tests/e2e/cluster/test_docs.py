"""The commands of the operators' pages, run in order against a cluster with podfit in it, as somebody would who reads them."""
import base64
import json
import os
import subprocess
import sys
import tempfile

import manifests
import scenario
from kubelet import Kubelet
from objects import node
from plane import ROOT, SKIPPED, wait_until
from webhook import Podfit

sys.path.insert(0, os.path.join(ROOT, 'tests', 'docs'))
import pages  # noqa: E402 pylint: disable=wrong-import-position

OVERLAY = 'overlays/cocalc'
EXAMPLE = os.path.join(manifests.FOLDER, OVERLAY, 'example', 'cluster.yaml')


class Pages(scenario.Scenario):
    """Runs what stands in pages, in a folder that looks like the root of a checkout."""
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

    def remove(self):
        """What is left of podfit when the pages are done, or were not; another scenario may want the namespace."""
        self.plane.kubectl('delete', '-k', os.path.join(manifests.FOLDER, OVERLAY), '--ignore-not-found', '--wait=false')
        wait_until(self.gone, 'the end of the namespace podfit-system', scenario.PATIENCE)

    def gone(self):
        self.api.delete_all('Pod', 'podfit-system')
        return not self.api.exists('Namespace', None, 'podfit-system')

    def path(self):
        return '%s:%s:%s' % (os.path.dirname(os.environ['PODFIT']), self.plane.state['binaries'], os.environ['PATH'])

    def run_command(self, command):
        env = dict(os.environ, PATH=self.path(), KUBECONFIG=self.plane.admin_kubeconfig, HELM_CACHE_HOME=self.work, HELM_CONFIG_HOME=self.work, HELM_DATA_HOME=self.work)
        done = subprocess.run(['bash', '-o', 'pipefail', '-c', command], cwd=self.work, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=scenario.PATIENCE * 2, check=False, encoding='utf8')
        return done.returncode, done.stdout

    def run_page(self, name, before=None, names=()):
        """How many commands were run. `names`: pairs of what stands for a name, and the name. `before`: beginning of a command: what its reader has done by then, or what podfit's containers would have."""
        with open(os.path.join(ROOT, name), encoding='utf8') as file:
            text = file.read()
        for placeholder, real in names:
            text = text.replace(placeholder, real)
        count = 0
        for line, commands, reason in pages.shell_blocks(text):
            for command in commands if reason is None else []:
                with self.subTest('%s:%d: %s' % (name, line, command)):
                    for beginning, prepare in (before or {}).items():
                        if command.startswith(beginning):
                            prepare()
                    status, printed = self.run_command(command)
                    self.assertEqual(status, 0, printed)
                    count += 1
        return count


class Docs(Pages):
    def setUp(self):
        super().setUp()
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

    def test_pages(self):
        """The second one removes podfit at its end."""
        self.assertGreaterEqual(self.run_page('docs/TROUBLESHOOTING.md'), 12)
        self.assertGreaterEqual(self.run_page('docs/OPERATING.md'), 15)


class Installation(Pages):
    """The pages that install podfit; its pods are only said to run, so what podfit itself would write is written here."""

    def path(self):
        return '%s:%s' % (self.tools, super().path())

    def setUp(self):
        super().setUp()
        built = subprocess.run([os.path.join(ROOT, 'scripts', 'lib', 'tools')], stdout=subprocess.PIPE, text=True, check=False)
        if built.returncode != 0:
            sys.exit(SKIPPED if built.returncode == SKIPPED else 1)
        self.tools = built.stdout.strip()
        with open(os.path.join(self.work, 'values.yaml'), 'w', encoding='utf8') as file:
            file.write('replicas: 1\n')

    def apply(self):
        self.plane.kubectl('apply', '-k', os.path.join(manifests.FOLDER, OVERLAY))

    def write_bundle(self):
        bundle = base64.b64encode(self.api.get('ConfigMap', 'kube-system', 'kube-root-ca.crt')['data']['ca.crt'].encode()).decode()
        patch = {'webhooks': [{'name': 'projects.podfit.io', 'clientConfig': {'caBundle': bundle}}]}
        self.plane.kubectl('patch', 'mutatingwebhookconfiguration', 'podfit', '-p', json.dumps(patch))

    def ensure_registered(self):
        """An emergency took the registration away, and what is left came from Helm."""
        if not self.api.exists('MutatingWebhookConfiguration', None, 'podfit'):
            status, printed = self.run_command('helm uninstall podfit --namespace podfit-system')
            self.assertEqual(status, 0, printed)
            self.apply()

    def test_installing(self):
        before = {'kubectl get mutatingwebhookconfiguration podfit -o': self.write_bundle, 'kubectl create namespace podfit-system': self.remove,
                  'kubectl delete mutatingwebhookconfiguration podfit': self.ensure_registered}
        self.assertGreaterEqual(self.run_page('docs/INSTALL.md', before), 10)

    def test_own_certificate(self):
        self.apply()
        self.assertEqual(self.run_page('certs/README.md'), 3)

    def test_nodes_of_the_overlays(self):
        for overlay, selector in (('cocalc', 'cocalc-role=projects'), ('jupyterhub', 'hub.jupyter.org/node-purpose=user')):
            name = 'dedicated-' + overlay
            self.create_nodes(node(name))
            self.assertEqual(self.run_page('manifests/overlays/%s/README.md' % overlay, names=[('NODE', name)]), 2)
            found = [n for n in self.api.list('Node', labelSelector=selector) if n['metadata']['name'] == name]
            self.assertEqual([t['effect'] for t in found[0]['spec']['taints']], ['NoSchedule'])


if __name__ == '__main__':
    scenario.main()
