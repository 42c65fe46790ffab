"""The Helm chart: the same objects as kustomize gives, values that are refused with a clear sentence, and what each value changes."""
import os
import unittest

import yaml

import checklist
import render
from test_kustomize import TOKEN

# What only one of the two ways of packaging has: who manages an object, and which chart and version made it.
PACKAGING = {'app.kubernetes.io/managed-by', 'app.kubernetes.io/version', 'helm.sh/chart'}
KUBE = ('--kube-version', '1.36.0')


def template(*args, **options):
    code, objects, err = render.helm_template(*KUBE, *args, **options)
    if code != 0:
        raise AssertionError(err)
    return objects


def normalised(objects):
    """{key: object} without packaging, namespaces (a chart cannot make its own), and with configurations as data instead of text."""
    out = {}
    for o in objects:
        if o['kind'] == 'Namespace':
            continue
        labels = o['metadata'].get('labels', {})
        o = {**o, 'metadata': {**o['metadata'], 'labels': {k: v for k, v in labels.items() if k not in PACKAGING}}}
        if o['kind'] == 'ConfigMap':
            o['data'] = {k: yaml.safe_load(v) for k, v in o['data'].items()}
        out[render.key(o)] = o
    return out


class Same(unittest.TestCase):
    maxDiff = None

    def same(self, chart, base):
        chart, base = normalised(chart), normalised(base)
        self.assertEqual(sorted(chart), sorted(base))
        for key, obj in base.items():
            with self.subTest(key):
                self.assertEqual(chart[key], obj)

    def test_defaults(self):
        self.same(template(), render.kustomize('base'))

    def test_gate(self):
        self.same(template('--set', 'gate.enabled=true'), render.with_components('gate'))

    def test_own_certificate(self):
        chart = template('--set', 'certificate.mode=existingSecret,certificate.existingSecret=podfit-tls')
        self.same(chart, render.with_components('own-certificate'))

    def test_certmanager(self):
        self.same(template('--set', 'certificate.mode=certManager'), render.with_components('certmanager'))

    def test_monitoring(self):
        self.same(template('--set', 'monitoring.enabled=true'), render.with_components('monitoring'))

    def test_path_token(self):
        chart = template('--set', 'webhook.pathToken=0123456789abcdef01234567')
        base = render.with_components('path-token', resources=['token.yaml'], extra={'overlay/token.yaml': TOKEN})
        self.same(*([o for o in objects if o['kind'] != 'Secret'] for objects in (chart, base)))
        secret = render.one(chart, 'Secret', 'podfit-path-token')
        self.assertEqual(secret['stringData'], {'token': '0123456789abcdef01234567'})

    def test_overlays(self):
        folder = os.path.join(render.MANIFESTS, 'overlays')
        for name in sorted(os.listdir(folder)):
            with self.subTest(name), open(os.path.join(folder, name, 'podfit.yaml'), encoding='utf-8') as f:
                config = yaml.safe_load(f)
            hook = render.one(render.kustomize('overlays/' + name), 'MutatingWebhookConfiguration')['webhooks'][0]
            selector = {'matchLabels': hook['namespaceSelector']['matchLabels']}
            self.same(with_values({'config': config, 'webhook': {'namespaceSelector': selector, 'objectSelector': hook['objectSelector']}}),
                      render.kustomize('overlays/' + name))


def with_values(values):
    """Values as a file, on standard input."""
    code, out, err = render.run([os.path.join(render.Tools.folder, 'helm'), 'template', 'podfit', render.CHART, '--namespace', 'podfit-system', *KUBE,
                                 '--values', '-'], input=yaml.safe_dump(values))
    if code != 0:
        raise AssertionError(err)
    return render.load(out)


# (name, --set, a part of the message)
REFUSED = [
    ('a misspelt value', 'replcas=3', "additional properties 'replcas' not allowed"),
    ('a misspelt value inside', 'webhook.failurPolicy=Fail', "additional properties 'failurPolicy' not allowed"),
    ('a failure policy that is none', 'webhook.failurePolicy=ignore', "/webhook/failurePolicy"),
    ('replicas as text', 'replicas=two', '/replicas'),
    ('too short a time', 'webhook.timeoutSeconds=1', '/webhook/timeoutSeconds'),
    ('no more time than podfit takes', 'webhook.timeoutSeconds=2', "must be above requestTimeout '2s'"),
    ('a grace period that cuts the drain', 'terminationGracePeriodSeconds=30', 'terminationGracePeriodSeconds is 30, which must be above'),
    ('a digest that is none', 'image.digest=latest', '/image/digest'),
    ('a duration without unit', 'shutdownDelay=15', '/shutdownDelay'),
    ('a class without name', 'config.classes[0].requests=keep', "missing property 'name'"),
    ('no class', 'config.classes=', '/config/classes'),
    ('another configuration version', 'config.apiVersion=v2', '/config/apiVersion'),
    ('an action that is none', 'config.classes[0].name=a,config.classes[0].onFull=refuse', '/config/classes/0/onFull'),
    ('a gate that nobody removes', 'config.classes[0].name=a,config.classes[0].onFull=gate', "class 'a' has onFull 'gate', which needs gate.enabled"),
    ('a secret without name', 'certificate.mode=existingSecret', '/certificate/existingSecret'),
    ('a bundle with two owners', 'certificate.caBundle=YQ==', "certificate.caBundle is for certificate.mode 'existingSecret'"),
    ('a token too short', 'webhook.pathToken=abc', '/webhook/pathToken'),
    ('a token that no path may have', 'webhook.pathToken=ABCDEFGHIJKLMNOPQRST', '/webhook/pathToken'),
    ('a threshold that never fires', 'monitoring.alerts.headroomPods=0', '/monitoring/alerts/headroomPods'),
    ('an address without its slash', 'monitoring.alerts.runbookBase=https://example.com', '/monitoring/alerts/runbookBase'),
    ('a port out of range', 'webhookPort=70000', '/webhookPort'),
]


class Values(unittest.TestCase):
    def test_lint(self):
        code, out, err = render.tool('helm', 'lint', '--strict', render.CHART)
        self.assertEqual(code, 0, out + err)

    def test_bad_values_are_refused(self):
        for name, values, message in REFUSED:
            with self.subTest(name):
                code, _, err = render.helm_template(*KUBE, '--set', values)
                self.assertNotEqual(code, 0)
                self.assertIn(message, err)

    def test_every_value_has_a_rule_in_the_schema(self):
        with open(os.path.join(render.CHART, 'values.yaml'), encoding='utf-8') as f:
            values = yaml.safe_load(f)
        with open(os.path.join(render.CHART, 'values.schema.json'), encoding='utf-8') as f:
            schema = yaml.safe_load(f)
        self.assertEqual(set(schema['properties']) - {'global'}, set(values))

    def test_versions_are_those_of_the_project(self):
        with open(os.path.join(render.CHART, 'Chart.yaml'), encoding='utf-8') as f:
            chart = yaml.safe_load(f)
        image = render.pod_spec(render.kustomize('base'))['containers'][0]['image']
        self.assertEqual('podfit:' + chart['appVersion'], image)
        self.assertEqual(chart['version'], chart['appVersion'])

    def test_no_hooks(self):
        everything = template('--set', 'certificate.mode=certManager,gate.enabled=true,monitoring.enabled=true')
        for o in everything:
            self.assertFalse([a for a in o['metadata'].get('annotations', {}) if a.startswith('helm.sh/hook')], render.key(o))

    def test_another_name_and_namespace(self):
        objects = template('--set', 'certificate.mode=certManager', release='capacity', namespace='ops')
        self.assertEqual(checklist.webhook(objects, 'ops'), [])
        for o in objects:
            self.assertTrue(o['metadata']['name'].startswith('capacity-podfit'), render.key(o))
            for path, value in render.walk(o):
                self.assertNotIn('podfit-system', str(value), '%s%s' % (render.key(o), path))
        self.assertIn('capacity-podfit.ops.svc', render.one(objects, 'Certificate', 'capacity-podfit-tls')['spec']['dnsNames'])
        options = render.flags(template(release='capacity', namespace='ops'))
        self.assertEqual(options['--webhook-configuration'], 'capacity-podfit')
        self.assertEqual(options['--service'], 'capacity-podfit.$(POD_NAMESPACE).svc')
        self.assertEqual(render.flags(objects)['--service'], options['--service'], 'files for another name are to be refused')

    def test_rights_follow_the_names(self):
        objects = template(release='capacity')
        named = {wanted for _, _, wanted, _ in checklist.rules_of(objects, 'Role', 'capacity-podfit-certificates')} - {''}
        options = render.flags(objects)
        self.assertEqual({options['--cert-secret'], options['--cert-lease']}, {'$(POD_NAMESPACE)/' + n for n in named})
        registered = {wanted for _, _, wanted, _ in checklist.rules_of(objects, 'ClusterRole', 'capacity-podfit-registration')}
        self.assertEqual(registered, {render.one(objects, 'MutatingWebhookConfiguration')['metadata']['name']})

    def test_what_people_set(self):
        objects = with_values({
            'replicas': 3, 'image': {'repository': 'example/podfit', 'digest': 'sha256:' + 'a' * 64}, 'imagePullSecrets': [{'name': 'pull'}],
            'nodeSelector': {'pool': 'system'}, 'tolerations': [{'operator': 'Exists'}], 'affinity': {'nodeAffinity': {}}, 'topologySpreadConstraints': [],
            'priorityClassName': '', 'hostNetwork': True, 'webhookPort': 10250, 'opsPort': 9080, 'extraArgs': ['--max-connections=2000'],
            'podDisruptionBudget': {'enabled': False}, 'networkPolicy': {'enabled': False}, 'webhook': {'failurePolicy': 'Fail', 'timeoutSeconds': 5},
            'serviceAccount': {'create': False, 'name': 'mine'}, 'existingConfigMap': 'ours', 'commonLabels': {'team': 'a'}})
        spec = render.pod_spec(objects)
        options = render.flags(objects)
        self.assertEqual(render.one(objects, 'Deployment')['spec']['replicas'], 3)
        self.assertEqual(spec['containers'][0]['image'], 'example/podfit@sha256:' + 'a' * 64)
        self.assertEqual((spec['nodeSelector'], spec['tolerations'], spec['hostNetwork']), ({'pool': 'system'}, [{'operator': 'Exists'}], True))
        self.assertFalse({'topologySpreadConstraints', 'priorityClassName'} & set(spec))
        self.assertEqual((options['--listen'], options['--ops-listen'], options['--max-connections']), (':10250', ':9080', '2000'))
        self.assertEqual([p['containerPort'] for p in spec['containers'][0]['ports']], [10250, 9080])
        self.assertFalse({'PodDisruptionBudget', 'NetworkPolicy', 'ResourceQuota', 'ServiceAccount', 'ConfigMap'} & {o['kind'] for o in objects})
        hook = render.one(objects, 'MutatingWebhookConfiguration')['webhooks'][0]
        self.assertEqual((hook['failurePolicy'], hook['timeoutSeconds']), ('Fail', 5))
        self.assertEqual((spec['serviceAccountName'], spec['volumes'][0]['configMap']), ('mine', {'name': 'ours'}))
        self.assertTrue(all(o['metadata']['labels']['team'] == 'a' for o in objects))

    def test_service_monitor_selects_the_ops_service_alone(self):
        objects = template('--set', 'monitoring.enabled=true,monitoring.labels.release=prometheus')
        monitor = render.one(objects, 'ServiceMonitor')
        wanted = monitor['spec']['selector']['matchLabels'].items()
        chosen = [o for o in objects if o['kind'] == 'Service' and wanted <= o['metadata']['labels'].items()]
        self.assertEqual([o['metadata']['name'] for o in chosen], ['podfit-ops'])
        self.assertEqual(monitor['spec']['endpoints'][0]['port'], chosen[0]['spec']['ports'][0]['name'])
        self.assertEqual(monitor['metadata']['labels']['release'], 'prometheus')
        self.assertEqual(render.one(objects, 'PrometheusRule')['metadata']['labels']['release'], 'prometheus')

    def test_values_of_the_alerts(self):
        chart = template('--set', 'monitoring.enabled=true,monitoring.alerts.headroomPods=250,monitoring.alerts.runbookBase=https://example.com/podfit/')
        base = render.with_components('monitoring')
        rules = {name: alerts_of(objects) for name, objects in (('chart', chart), ('base', base))}
        for name, (expression, url) in rules['base'].items():
            with self.subTest(name):
                self.assertEqual(rules['chart'][name][1], 'https://example.com/podfit/' + url)
                self.assertEqual(rules['chart'][name][0] != expression, name == 'PodfitHeadroomLow')
        self.assertIn('(podfit_class_headroom_pods) < 250', rules['chart']['PodfitHeadroomLow'][0])

    def test_parts_of_the_monitoring(self):
        kinds = {o['kind'] for o in template('--set', 'monitoring.enabled=true,monitoring.alerts.enabled=false')}
        self.assertEqual(kinds & {'ServiceMonitor', 'PrometheusRule'}, {'ServiceMonitor'})
        names = {o['metadata']['name'] for o in template('--set', 'monitoring.enabled=true,monitoring.dashboard.enabled=false')}
        self.assertNotIn('podfit-dashboard', names)


def alerts_of(objects):
    groups = render.one(objects, 'PrometheusRule')['spec']['groups']
    return {rule['alert']: (rule['expr'], rule['annotations']['runbook_url']) for group in groups for rule in group['rules'] if 'alert' in rule}


if __name__ == '__main__':
    render.main()
