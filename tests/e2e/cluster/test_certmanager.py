"""The manifests with cert-manager's component, against its CustomResourceDefinitions: accepted to the last field, and no conflict with its cainjector."""
import base64
import os
import tempfile

import crds
import scenario
from scenario import PATIENCE, SYSTEM, wait_until

MODULE = 'github.com/cert-manager/cert-manager'
FOLDER = os.path.join(crds.ROOT, 'manifests')
HOOK = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/podfit'
DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
CERTIFICATES = '/apis/cert-manager.io/v1/namespaces/%s/certificates' % SYSTEM


class CertManager(scenario.Scenario):
    namespaces = ()

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.overlay = folder.name
        with open(os.path.join(folder.name, 'kustomization.yaml'), 'w', encoding='utf8') as file:
            file.write('resources: [%s]\ncomponents: [%s]\n' % tuple(
                os.path.relpath(os.path.join(FOLDER, part), os.path.realpath(folder.name)) for part in ('base', 'components/certmanager')))
        self.addCleanup(self.remove)
        self.define()

    def define(self):
        for path in crds.files(MODULE, 'deploy/crds/*.yaml'):
            self.plane.kubectl('apply', '--server-side', '-f', path)
        wait_until(self.served, 'the kinds of cert-manager', PATIENCE, 0.1)

    def served(self):
        try:
            return self.api.request('GET', CERTIFICATES) is not None
        except scenario.ApiError as error:
            if error.status not in (404, 429):  # unknown, and known but not ready to be stored
                raise
            return False

    def remove(self):
        self.plane.kubectl('delete', '--ignore-not-found', '-k', self.overlay, seconds=120)
        for definition in self.api.request('GET', DEFINITIONS)['items']:
            if definition['spec']['group'].endswith('cert-manager.io'):
                self.api.request('DELETE', '%s/%s' % (DEFINITIONS, definition['metadata']['name']))

    def apply(self, *options):
        return self.plane.kubectl('apply', '-k', self.overlay, *options)[1]

    def bundles(self):
        return [hook['clientConfig'].get('caBundle') for hook in self.api.request('GET', HOOK)['webhooks']]

    def test_accepted(self):
        self.ensure_namespace(SYSTEM)
        out = self.apply('--dry-run=server', '--validate=strict')
        self.assertEqual(out.count('(server dry run)'), len(out.splitlines()), out)
        for kind in ('issuer.cert-manager.io/podfit-ca', 'certificate.cert-manager.io/podfit-tls', 'mutatingwebhookconfiguration.admissionregistration.k8s.io/podfit'):
            self.assertIn(kind, out)

    def test_shared_with_the_cainjector(self):
        """It writes caBundle, in each entry; what operators apply again, either way, leaves that alone."""
        self.apply('--server-side')
        names = {c['metadata']['name']: c['spec']['secretName'] for c in self.api.request('GET', CERTIFICATES)['items']}
        self.assertEqual(names, {'podfit-ca': 'podfit-ca', 'podfit-tls': 'podfit-tls'})
        hook = self.api.request('GET', HOOK)
        self.assertEqual(hook['metadata']['annotations']['cert-manager.io/inject-ca-from'], '%s/podfit-tls' % SYSTEM)
        with open(self.plane.ca_file, 'rb') as file:
            bundle = base64.b64encode(file.read()).decode()
        for entry in hook['webhooks']:
            entry['clientConfig']['caBundle'] = bundle
        self.api.request('PUT', HOOK + '?fieldManager=cainjector', hook)
        self.apply('--server-side')
        self.assertEqual(set(self.bundles()), {bundle})
        self.apply()
        self.assertEqual(set(self.bundles()), {bundle})


if __name__ == '__main__':
    scenario.main()
