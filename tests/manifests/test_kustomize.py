"""The kustomize base, its components and overlays: what they render to, the rights they give, the rules they keep."""
import glob
import os
import unittest

import yaml

import checklist
import render

TOKEN = '''apiVersion: v1
kind: Secret
metadata: {name: podfit-path-token, namespace: podfit-system}
stringData: {token: 0123456789abcdef01234567}
'''
OVERLAYS = {'cocalc': 'cocalc', 'statefulset-ide': 'coditect-app', 'jupyterhub': 'jhub'}


def yaml_files():
    pattern = os.path.join(render.MANIFESTS, '**', '*.yaml')
    return [p for p in glob.glob(pattern, recursive=True) if os.sep + 'templates' + os.sep not in p]


def project_version():
    with open(os.path.join(render.ROOT, 'CMakeLists.txt'), encoding='utf-8') as f:
        return f.read().split('project(podfit VERSION ')[1].split()[0]


class Files(unittest.TestCase):
    def test_every_file_parses(self):
        files = yaml_files()
        self.assertGreater(len(files), 25)
        for path in files:
            with self.subTest(path), open(path, encoding='utf-8') as f:
                self.assertTrue(list(yaml.safe_load_all(f)))

    def test_image_has_the_version_of_the_project(self):
        image = render.pod_spec(render.kustomize('base'))['containers'][0]['image']
        self.assertEqual(image, 'podfit:' + project_version())


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.objects = render.kustomize('base')

    def test_kinds(self):
        kinds = sorted(o['kind'] for o in self.objects)
        self.assertEqual(kinds, sorted([
            'Namespace', 'ServiceAccount', 'ClusterRole', 'ClusterRole', 'ClusterRoleBinding', 'ClusterRoleBinding', 'Role', 'RoleBinding', 'ConfigMap',
            'Deployment', 'Service', 'Service', 'PodDisruptionBudget', 'NetworkPolicy', 'ResourceQuota', 'MutatingWebhookConfiguration']))

    def test_no_secret_in_it(self):
        self.assertFalse([o for o in self.objects if o['kind'] == 'Secret'])

    def test_labels(self):
        for o in self.objects:
            with self.subTest(render.key(o)):
                labels = {k.partition('/')[2]: v for k, v in o['metadata']['labels'].items() if k.startswith('app.kubernetes.io/')}
                self.assertIn(labels.pop('component', 'webhook'), ('webhook', 'ops'))
                self.assertEqual(labels, {'name': 'podfit', 'instance': 'podfit', 'part-of': 'podfit', 'version': project_version(),
                                          'managed-by': 'kustomize'})
        for kind in ('Deployment', 'Service', 'PodDisruptionBudget', 'NetworkPolicy'):  # they can never change, or select pods of two versions
            self.assertNotIn('app.kubernetes.io/version', str(render.one(self.objects, kind, 'podfit')['spec']))

    def test_namespace_is_restricted(self):
        labels = render.one(self.objects, 'Namespace')['metadata']['labels']
        for mode in ('enforce', 'audit', 'warn'):
            self.assertEqual(labels['pod-security.kubernetes.io/' + mode], 'restricted')
        self.assertEqual(labels['podfit.io/webhook'], 'disabled')

    def test_checklists(self):
        self.assertEqual(checklist.security(self.objects), [])
        self.assertEqual(checklist.probes(self.objects), [])
        self.assertEqual(checklist.webhook(self.objects), [])

    def test_fails_open_by_default(self):
        self.assertEqual(render.one(self.objects, 'MutatingWebhookConfiguration')['webhooks'][0]['failurePolicy'], 'Ignore')

    def test_changes_nothing_by_default(self):
        config = yaml.safe_load(render.one(self.objects, 'ConfigMap')['data']['podfit.yaml'])
        self.assertTrue(all(c['observe'] is True for c in config['classes']))

    def test_the_options_name_the_objects(self):
        options = render.flags(self.objects)
        self.assertEqual(options['--webhook-configuration'], render.one(self.objects, 'MutatingWebhookConfiguration')['metadata']['name'])
        self.assertEqual(options['--service'], 'podfit.$(POD_NAMESPACE).svc')
        names = {wanted for _, _, wanted, _ in checklist.rules_of(self.objects, 'Role', 'podfit-certificates')} - {''}
        self.assertEqual({options['--cert-secret'], options['--cert-lease']}, {'$(POD_NAMESPACE)/' + n for n in names})

    def test_rollout(self):
        spec = render.one(self.objects, 'Deployment')['spec']
        self.assertEqual(spec['strategy']['rollingUpdate'], {'maxUnavailable': 0, 'maxSurge': 1})
        self.assertGreaterEqual(spec['replicas'], 2)
        self.assertEqual(render.one(self.objects, 'PodDisruptionBudget')['spec']['maxUnavailable'], 1)
        self.assertTrue(all(c['whenUnsatisfiable'] == 'ScheduleAnyway' for c in spec['template']['spec']['topologySpreadConstraints']))

    def test_the_quota_has_room_for_a_rollout(self):
        pods = int(render.one(self.objects, 'ResourceQuota')['spec']['hard']['pods'])
        self.assertGreater(pods, 2 * render.one(self.objects, 'Deployment')['spec']['replicas'])


class Rights(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.objects = render.kustomize('base')

    def test_reads_exactly_what_the_sources_decode(self):
        granted = checklist.rules_of(self.objects, 'ClusterRole', 'podfit-model')
        wanted = {(group, resource, '', verb) for group, resource in checklist.kinds_read() for verb in ('list', 'watch')}
        self.assertEqual(len(wanted), 36)
        self.assertEqual(granted, wanted | {('/version', '', '', 'get')})

    def test_writes_one_registration(self):
        granted = checklist.rules_of(self.objects, 'ClusterRole', 'podfit-registration')
        wanted = {('admissionregistration.k8s.io', 'mutatingwebhookconfigurations', 'podfit', v) for v in ('get', 'list', 'watch', 'patch')}
        self.assertEqual(granted, wanted)

    def test_writes_one_secret_and_one_lease(self):
        granted = checklist.rules_of(self.objects, 'Role', 'podfit-certificates')
        kept = (('', 'secrets'), ('coordination.k8s.io', 'leases'))
        named = {(group, resource, 'podfit-certificates', v) for group, resource in kept for v in ('get', 'list', 'watch', 'update', 'patch')}
        created = {('', 'secrets', '', 'create'), ('coordination.k8s.io', 'leases', '', 'create')}
        self.assertEqual(granted, named | created)

    def test_no_wildcard_anywhere(self):
        for o in self.objects + render.with_components('gate'):
            for path, value in walk_rules(o):
                self.assertNotEqual(value, '*', '%s%s' % (render.key(o), path))

    def test_bindings_bind_what_exists(self):
        objects = render.with_components('gate')
        roles = {(o['kind'], o['metadata']['name']) for o in objects if o['kind'] in ('Role', 'ClusterRole')}
        bindings = [o for o in objects if o['kind'].endswith('Binding')]
        self.assertEqual({(b['roleRef']['kind'], b['roleRef']['name']) for b in bindings}, roles)
        for b in bindings:
            self.assertEqual(b['subjects'], [{'kind': 'ServiceAccount', 'name': 'podfit', 'namespace': 'podfit-system'}])


def walk_rules(obj):
    return render.walk(obj.get('rules', []), '/rules') if obj['kind'] in ('Role', 'ClusterRole') else []


class Components(unittest.TestCase):
    def test_gate_adds_the_right_to_read_and_patch_a_pod_and_nothing_else(self):
        base, gate = render.kustomize('base'), render.with_components('gate')
        self.assertEqual({render.key(o)[1:] for o in gate} - {render.key(o)[1:] for o in base},
                         {('ClusterRole', '', 'podfit-gate'), ('ClusterRoleBinding', '', 'podfit-gate')})
        self.assertEqual(checklist.rules_of(gate, 'ClusterRole', 'podfit-gate'), {('', 'pods', '', 'get'), ('', 'pods', '', 'patch')})

    def test_own_certificate_takes_every_right_to_write_away(self):
        objects = render.with_components('own-certificate')
        verbs = {v for o in objects if o['kind'] in ('Role', 'ClusterRole') for rule in o['rules'] for v in rule['verbs']}
        self.assertEqual(verbs, {'list', 'watch', 'get'})
        self.assertFalse([o for o in objects if o['kind'] in ('Role', 'RoleBinding')])
        self.same_options(objects, {'--tls-cert', '--tls-key'})
        self.assertEqual(checklist.security(objects) + checklist.probes(objects) + checklist.webhook(objects), [])

    def same_options(self, objects, added):
        dropped = {'--webhook-configuration', '--cert-secret', '--cert-lease'}
        base = render.flags(render.kustomize('base'))
        now = render.flags(objects)
        self.assertEqual({k: v for k, v in now.items() if k not in added}, {k: v for k, v in base.items() if k not in dropped})
        mounted = [m['mountPath'] for m in render.pod_spec(objects)['containers'][0]['volumeMounts']]
        for option in added:
            self.assertIn(os.path.dirname(now[option]), mounted)

    def test_certmanager(self):
        objects = render.with_components('certmanager')
        leaf = render.one(objects, 'Certificate', 'podfit-tls')
        self.assertIn('podfit.podfit-system.svc', leaf['spec']['dnsNames'])
        self.assertEqual(leaf['spec']['secretName'], secret_of(objects, 'tls'))
        config = render.one(objects, 'MutatingWebhookConfiguration')
        self.assertEqual(config['metadata']['annotations']['cert-manager.io/inject-ca-from'], 'podfit-system/podfit-tls')
        self.same_options(objects, {'--tls-cert', '--tls-key'})
        self.assertEqual(checklist.webhook(objects), [])

    def test_path_token(self):
        objects = render.with_components('path-token', resources=['token.yaml'], extra={'overlay/token.yaml': TOKEN})
        hook = render.one(objects, 'MutatingWebhookConfiguration')['webhooks'][0]
        self.assertEqual(hook['clientConfig']['service']['path'], '/mutate/0123456789abcdef01234567')
        self.assertEqual(render.flags(objects)['--path-token-file'], '/etc/podfit-token/token')
        self.assertEqual(secret_of(objects, 'path-token'), 'podfit-path-token')
        self.assertEqual(checklist.security(objects), [])

    def test_all_together(self):
        objects = render.with_components('certmanager', 'gate', 'path-token', resources=['token.yaml'], extra={'overlay/token.yaml': TOKEN})
        self.assertLessEqual({'--tls-cert', '--tls-key', '--path-token-file'}, set(render.flags(objects)))
        self.assertEqual(checklist.security(objects) + checklist.probes(objects) + checklist.webhook(objects), [])

    def test_monitoring_adds_three_objects(self):
        base, objects = render.kustomize('base'), render.with_components('monitoring')
        self.assertEqual({render.key(o)[1:] for o in objects} - {render.key(o)[1:] for o in base},
                         {(kind, 'podfit-system', name) for kind, name in
                          (('ServiceMonitor', 'podfit'), ('PrometheusRule', 'podfit'), ('ConfigMap', 'podfit-dashboard'))})
        wanted = render.one(objects, 'ServiceMonitor')['spec']['selector']['matchLabels'].items()
        chosen = [o['metadata']['name'] for o in objects if o['kind'] == 'Service' and wanted <= o['metadata']['labels'].items()]
        self.assertEqual(chosen, ['podfit-ops'])
        self.assertEqual(render.one(objects, 'ConfigMap', 'podfit-dashboard')['metadata']['labels']['grafana_dashboard'], '1')

    def moved(self, *components):
        inner = {'resources': ['MANIFESTS/base'], 'components': ['MANIFESTS/components/' + c for c in components], 'namespace': 'capacity'}
        outer = {'resources': ['../inner'], 'components': ['MANIFESTS/components/another-namespace']}
        return render.kustomize_with({'outer/kustomization.yaml': yaml.safe_dump(outer), 'inner/kustomization.yaml': yaml.safe_dump(inner)})

    def test_another_namespace(self):
        for components in ((), ('monitoring',), ('certmanager',)):
            with self.subTest(components):
                objects = self.moved(*components)
                self.assertEqual(checklist.webhook(objects, 'capacity'), [])
                for o in objects:
                    for path, value in render.walk(o):
                        self.assertNotIn('podfit-system', str(value), '%s%s' % (render.key(o), path))
        self.assertIn('podfit.capacity.svc', render.one(objects, 'Certificate', 'podfit-tls')['spec']['dnsNames'])


def secret_of(objects, volume):
    return [v['secret']['secretName'] for v in render.pod_spec(objects)['volumes'] if v['name'] == volume][0]


class Overlays(unittest.TestCase):
    def test_each_is_the_base_with_another_configuration_and_selectors(self):
        base = {render.key(o): o for o in render.kustomize('base')}
        for name in OVERLAYS:
            with self.subTest(name):
                objects = {render.key(o): o for o in render.kustomize('overlays/' + name)}
                self.assertEqual(set(objects), set(base))
                changed = {k[1] for k in base if objects[k] != base[k]}
                self.assertEqual(changed, {'ConfigMap', 'MutatingWebhookConfiguration'})
                self.assertEqual(checklist.webhook(list(objects.values())), [])

    def test_the_webhook_asks_for_what_the_classes_cover(self):
        for name, namespace in OVERLAYS.items():
            with self.subTest(name):
                objects = render.kustomize('overlays/' + name)
                config = yaml.safe_load(render.one(objects, 'ConfigMap')['data']['podfit.yaml'])
                hook = render.one(objects, 'MutatingWebhookConfiguration')['webhooks'][0]
                self.assertEqual(hook['namespaceSelector']['matchLabels'], {'kubernetes.io/metadata.name': namespace})
                for rules in config['classes']:
                    self.assertEqual(rules['match']['namespaces'], [namespace])
                    self.assertTrue(selects(hook['objectSelector'], rules['match']['podSelector']['matchLabels']), rules['name'])


def selects(selector, labels):
    expressions = selector.get('matchExpressions', [])
    return selector.get('matchLabels', {}).items() <= labels.items() and all(labels.get(e['key']) in e['values'] for e in expressions)


if __name__ == '__main__':
    render.main()
