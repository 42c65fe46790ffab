#!/usr/bin/env python3
"""cli_test.py PODFIT SOURCE_DIR [TEST...]: the command line from the outside: exit statuses, messages, formats, the JSON contract of `check`."""
import base64
import json
import os
import pty
import re
import subprocess
import sys
import tempfile
import unittest

PODFIT = os.path.abspath(sys.argv[1])
SOURCE = os.path.abspath(sys.argv[2])
EXAMPLES = os.path.join(SOURCE, 'examples')
CONFIG = os.path.join(EXAMPLES, 'config.yaml')
CONTROL = re.compile('[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]')


class Result:
    def __init__(self, run):
        self.status, self.out, self.err = run.returncode, run.stdout.decode('utf8'), run.stderr.decode('utf8')


def without_cluster(args):
    """A check that names no cluster is one of the embedded example here; --here-is-none lets it look for a living one."""
    if '--here-is-none' in args:
        return [arg for arg in args if arg != '--here-is-none']
    named = any(str(arg).split('=')[0] in ('--snapshot', '--help', '--kubeconfig', '--live', '--context') for arg in args)
    return list(args) + ([] if named or args[:1] != ('check',) or len(args) < 3 else ['--snapshot', 'example'])


def podfit(*args, stdin='', env=None):
    data = stdin if isinstance(stdin, bytes) else stdin.encode('utf8')
    return Result(subprocess.run([PODFIT] + without_cluster(args), input=data, capture_output=True, timeout=60, env=dict(os.environ, **(env or {})), check=False))


def example(*path):
    return os.path.join(EXAMPLES, *path)


def node(name, **allocatable):
    return {'apiVersion': 'v1', 'kind': 'Node', 'metadata': {'name': name},
            'status': {'allocatable': dict({'cpu': '2', 'memory': '4Gi', 'pods': '10'}, **allocatable)}}


def pod(name, namespace=None, requests=None, **spec):
    metadata = {'name': name}
    if namespace:
        metadata['namespace'] = namespace
    container = {'name': 'main', 'image': 'x'}
    if requests is not None:
        container['resources'] = {'requests': requests}
    return {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': metadata, 'spec': dict({'containers': [container]}, **spec)}


def listing(*items):
    return {'apiVersion': 'v1', 'kind': 'List', 'items': list(items)}


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, name, content):
        path = os.path.join(self.folder.name, name)
        with open(path, 'w', encoding='utf8') as file:
            file.write(content if isinstance(content, str) else json.dumps(content))
        return path

    def usage_error(self, text, *args, **kwargs):
        result = podfit(*args, **kwargs)
        self.assertEqual((result.status, result.out), (2, ''), args)
        self.assertIn(text, result.err)
        lines = result.err.split('\n')
        self.assertEqual(len(lines), 2, 'one line on stderr: %r' % result.err)
        self.assertTrue(lines[0].startswith('podfit: '), result.err)


class Usage(Case):
    def test_groups(self):
        for args, text in [([], "'podfit' needs a command"), (['chek'], "did you mean 'podfit check'"), (['frobnicate'], "unknown command 'frobnicate'; see"),
                           (['--frobnicate'], "unknown option '--frobnicate'"), (['certs'], "'podfit certs' needs a command"),
                           (['certs', 'shwo'], "did you mean 'podfit certs show'"), (['help', 'frobnicate'], "unknown command 'frobnicate'"),
                           (['config', 'help', 'nothing'], "unknown command 'nothing'")]:
            with self.subTest(args=args):
                self.usage_error(text, *args)

    def test_options(self):
        pods = example('pods', 'project.yaml')
        for args, text in [
                (['check'], "option '--file' is missing"),
                (['check', '--snapshto', 'x'], "unknown option '--snapshto', did you mean '--snapshot'?"),
                (['check', '-x'], "unknown option '-x'"),
                (['check', '--zzz=1'], "unknown option '--zzz' (see"),
                (['check', '-f'], "option '--file' needs a value: FILE"),
                (['check', '--file='], "option '--file': the value is empty"),
                (['check', '-f', pods, '-o', 'jsno'], "did you mean 'json'"),
                (['check', '-f', pods, '-o', 'xml'], "'xml' is not one of table, json, yaml"),
                (['check', '-f', pods, '-o', 'json', '-o', 'yaml'], "option '--output' is given twice"),
                (['check', '-f', pods, '--explain=maybe'], "'maybe' is not true or false"),
                (['check', '-f', pods, 'more'], "superfluous argument 'more'"),
                (['check', '-f', pods, '--kubernetes-version', 'new'], "option '--kubernetes-version'"),
                (['check', '-f', pods, '--kubernetes-version', '1.20'], "option '--kubernetes-version'"),
                (['check', '-f', pods, '--feature-gates', 'PodLevelResources'], "is not NAME=true or NAME=false"),
                (['check', '-f', pods, '--feature-gates', 'PodLevelResources=yes'], "is not NAME=true or NAME=false"),
                (['version', 'x'], "superfluous argument 'x'"),
                (['audit'], 'FILE is missing'),
                (['audit', 'x', '--top', '0'], "'0' is not within 1 to 1000"),
                (['audit', 'x', '--top', 'many'], "'many' is not a number"),
                (['audit', 'x', '--since', 'yesterday'], "option '--since': 'yesterday' is not a time"),
                (['certs', 'create'], 'DIR is missing'),
                (['certs', 'create', 'd'], 'which server?'),
                (['certs', 'create', 'd', '--dns', 'a', '--lifetime', '1s'], "'1s' is not within 1m"),
                (['certs', 'create', 'd', '--dns', 'a', '--lifetime', 'long'], "'long' is not a duration"),
                (['config', 'check'], 'FILE is missing'),
                (['config', 'show', 'a', 'b'], "superfluous argument 'b'")]:
            with self.subTest(args=args):
                self.usage_error(text, *args)

    def test_help_everywhere(self):
        commands = [['serve'], ['check'], ['plan'], ['audit'], ['version'], ['config', 'check'], ['config', 'show'], ['config', 'document'], ['config', 'explain'], ['config', 'migrate'],
                    ['certs', 'create'], ['certs', 'show'], ['certs', 'renew']]
        for command in commands:
            with self.subTest(command=command):
                help_text = podfit(*command, '--help')
                self.assertEqual((help_text.status, help_text.err), (0, ''))
                self.assertTrue(help_text.out.startswith('Usage: podfit ' + ' '.join(command)))
                self.assertIn('\nOptions:\n', help_text.out)
                self.assertRegex(help_text.out, r'\nExamples:\n  \S')
                self.assertLessEqual(max(map(len, help_text.out.split('\n'))), 110)
                self.assertEqual(podfit('help', *command).out, help_text.out)
                self.assertEqual(podfit(*command, '--nonsense', '-h').out, help_text.out)
        for group in [[], ['certs'], ['config']]:
            with self.subTest(group=group):
                help_text = podfit(*group, '--help')
                self.assertEqual((help_text.status, help_text.err), (0, ''))
                self.assertIn('\nCommands:\n', help_text.out)
                self.assertEqual(podfit(*group, 'help').out, help_text.out)

    def test_config_explain(self):
        self.assertRegex(podfit('config', 'explain').out, r'(?m)^  classes +<list of objects> required  ')
        for key in ('classes.onFull', 'classes[].onFull', 'classes[0].onFull'):
            text = podfit('config', 'explain', key)
            self.assertEqual((text.status, text.err), (0, ''))
            self.assertIn(': what happens to a pod for which there is no room now\n', text.out)
            self.assertRegex(text.out, r'default: +reject\n  allowed: +one of reject, annotate, gate')
        self.assertIn('\nkeys:\n', podfit('config', 'explain', 'classes.pool').out)
        for key, message in (('classes.onFul', "did you mean 'onFull'?"), ('nothing.here', "there is no key 'nothing'"), ('fit.filters.disabled.x', "no key 'x'"),
                             ('.', 'no option'), ('x' * 5000, 'no option has a path of 5000 bytes')):
            text = podfit('config', 'explain', key)
            self.assertEqual((text.status, text.out), (1, ''), key)
            self.assertIn(message, text.err)

    def migrated(self, text, *args, status=0):
        result = podfit('config', 'migrate', '-', *args, stdin=text if isinstance(text, str) else json.dumps(text))
        self.assertEqual(result.status, status, result.err)
        if status == 0:
            self.assertEqual(podfit('config', 'check', self.file('migrated.yaml', result.out)).status, 0)
        return result

    def test_migrate_openshift(self):
        percents = {'memoryRequestToLimitPercent': 50, 'cpuRequestToLimitPercent': 25, 'limitCPUToMemoryPercent': 200}
        operator = {'apiVersion': 'operator.autoscaling.openshift.io/v1', 'kind': 'ClusterResourceOverride', 'metadata': {'name': 'cluster'},
                    'spec': {'podResourceOverride': {'spec': percents}}}
        plain = dict({'apiVersion': 'autoscaling.openshift.io/v1', 'kind': 'ClusterResourceOverrideConfig'}, **percents)
        nested = {'apiVersion': 'autoscaling.openshift.io/v1', 'kind': 'ClusterResourceOverrideConfig', 'spec': percents}
        texts = {self.migrated(document).out for document in (operator, plain, nested)}
        self.assertEqual(len(texts), 1, texts)
        text = texts.pop()
        for line in ('  memoryRequestToLimitPercent: 50', '  cpuRequestToLimitPercent: 25', '  limitCPUToMemoryPercent: 200',
                     '        clusterresourceoverrides.admission.autoscaling.openshift.io/enabled: "true"'):
            self.assertIn(line + '\n', text)
        named = self.migrated(operator, '--name', 'dev', '-n', 'a', '-n', 'b').out
        self.assertIn('name: dev\n', named)
        self.assertNotIn('namespaceSelector', named)
        relabel = dict(plain, forceSelinuxRelabel=True)
        self.assertIn('forceSelinuxRelabel has nothing to do with requests', self.migrated(relabel).err)
        self.assertIn('allowed: memoryRequestToLimitPercent', self.migrated({'kind': 'ClusterResourceOverride', 'spec': {}}, status=1).err)
        self.assertIn('memoryRequestToLimitPercent', self.migrated(dict(plain, memoryRequestToLimitPercent=101), status=1).err)

    def test_migrate_cocalc(self):
        quotas = '{"internet":true,"idle_timeout":1800,"mem":2000,"cpu":1,"cpu_oc":20,"mem_oc":10}'
        values = {'global': {'settings': {'default_quotas': quotas, 'max_upgrades': '{"memory":16000}'}},
                  'manage': {'project': {'dedicatedProjectNodesTaint': 'cocalc-projects=true:NoSchedule', 'dedicatedProjectNodesLabel': 'cocalc-role=projects'}}}
        result = self.migrated(values)
        self.assertEqual(result.err, '')
        run = subprocess.run([PODFIT, 'plan', '--config', self.file('c.yaml', result.out), '-o', 'json', '--node',
                              'cpu=8,memory=32Gi,taint=cocalc-projects=true:NoSchedule,label=cocalc-role=projects'], capture_output=True, timeout=60, check=True)
        plan = json.loads(run.stdout)['plan']
        self.assertEqual((plan['class'], plan['project']['requests'], plan['fits']), ('projects', {'cpu': '50m', 'memory': '200Mi'}, 110))
        for other in ({'settings': {'default_quotas': json.loads(quotas)}}, {'default_quotas': quotas}):
            self.assertIn('defaultQuotas', self.migrated(other).out)
        odd = {'default_quotas': quotas, 'manage': {'project': {'dedicatedProjectNodesTaint': 'x', 'dedicatedProjectNodesLabel': 5}}}
        self.assertEqual(self.migrated(odd).err.count('left out'), 2)
        self.assertIn("cpu_oc", self.migrated({'default_quotas': '{"cpu_oc":0.5}'}, status=1).err)

    def test_migrate_refuses(self):
        for text, status, message in (('a: 1', 1, 'neither kind ClusterResourceOverride'), ('[]', 1, 'neither kind'), ('a: [', 1, 'standard input'),
                                      ('', 1, ''), ('kind: [ClusterResourceOverride]', 1, 'neither kind')):
            self.assertIn(message.replace('standard input', 'std'), self.migrated(text, status=status).err, text)
        self.usage_error('/nonexistent', 'config', 'migrate', '/nonexistent')

    def test_version(self):
        self.assertRegex(podfit('version').out, r'^podfit \d+\.\d+\.\d+ \(Kubernetes 1\.33 to 1\.36\)\n$')
        self.assertEqual(podfit('--version').out, podfit('version').out)
        document = json.loads(podfit('version', '-o', 'json').out)
        self.assertEqual((document['apiVersion'], document['kind'], document['kubernetesNewest']), ('podfit.io/v1', 'Version', '1.36'))
        self.assertIn('kind: Version\n', podfit('version', '--output=yaml').out)

    def test_output_that_cannot_be_written(self):
        for args in [['version'], ['check', '--snapshot', 'example', '-f', example('pods', 'project.yaml'), '-o', 'json'], ['--help'], ['config', 'show', CONFIG]]:
            with self.subTest(args=args), open('/dev/full', 'wb') as full:
                run = subprocess.run([PODFIT] + args, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
                self.assertEqual(run.returncode, 2)
                self.assertIn(b'cannot write to standard output', run.stderr)


class Check(Case):
    ITEM = [('namespace', str), ('name', str), ('class', str), ('verdict', str), ('action', str), ('message', str), ('explanation', str), ('containers', list),
            ('podRequests', dict), ('nodes', list), ('slots', int), ('binding', str), ('patch', list)]
    NODE = [('name', str), ('fits', bool), ('plugin', str), ('code', str), ('reasons', list), ('slots', int)]
    CONTAINER = [('name', str), ('init', bool), ('before', dict), ('after', dict), ('rule', str)]

    def check(self, pods, *args, snapshot=None, status=0, config=None):
        args = list(args) + ['-o', 'json', '-f', '-']
        if snapshot is not None:
            args += ['--snapshot', self.file('snapshot.json', snapshot)]
        if config is not None:
            args += ['--config', self.file('config.yaml', config)]
        result = podfit('check', *args, stdin=pods if isinstance(pods, (str, bytes)) else json.dumps(pods))
        self.assertEqual(result.status, status, result.err)
        document = json.loads(result.out)
        self.contract(document)
        return document['items']

    def fields(self, value, wanted, optional=()):
        keys = [key for key in value if key not in optional and key != 'postFilter']
        self.assertEqual(keys, [key for key, _ in wanted])
        for key, kind in wanted:
            self.assertIs(type(value[key]), kind, key)

    def values(self, container):
        for side in ('before', 'after'):
            self.assertEqual(list(container[side]), ['requests', 'limits'])
            for amounts in container[side].values():
                for text in amounts.values():
                    self.assertRegex(text, r'^-?[0-9]+(\.[0-9]+)?([numkMGTPE]|[KMGTPE]i|e[0-9]+)?$')

    def contract(self, document):
        self.assertEqual(list(document), ['apiVersion', 'kind', 'items'])
        self.assertEqual((document['apiVersion'], document['kind']), ('podfit.io/v1', 'CheckList'))
        for item in document['items']:
            self.fields(item, self.ITEM, optional=('observed', 'podResources', 'hints'))
            self.assertEqual('hints' in item, item['verdict'] in ('full', 'never') and item['nodes'] != [])
            self.assertIn(item['verdict'], ('fits', 'full', 'never', 'unknown', 'notJudged'))
            self.assertIn(item['action'], ('allow', 'annotate', 'gate', 'reject'))
            self.assertEqual(item['message'] != '', item['verdict'] in ('full', 'never'))
            self.assertEqual([n['name'] for n in item['nodes']], sorted(n['name'] for n in item['nodes']))
            self.assertEqual(item['slots'], sum(n['slots'] for n in item['nodes']))
            for entry in item['nodes']:
                self.fields(entry, self.NODE)
                self.assertIn(entry['code'], ('Success', 'Unschedulable', 'UnschedulableAndUnresolvable'))
                self.assertEqual(entry['fits'], entry['code'] == 'Success')
                self.assertEqual(entry['fits'], entry['plugin'] == '')
                self.assertEqual(entry['fits'], entry['reasons'] == [])
            for container in item['containers']:
                self.fields(container, self.CONTAINER)
                self.values(container)
            for operation in item['patch']:
                self.assertIn(operation['op'], ('add', 'replace', 'remove'))

    def test_claims_that_are_to_come(self):
        unbound = {'apiVersion': 'v1', 'kind': 'PersistentVolumeClaim', 'metadata': {'name': 'other', 'namespace': 'default'}, 'spec': {}}
        snapshot = listing(node('n1'), unbound)
        waiting = pod('a', volumes=[{'name': 'home', 'persistentVolumeClaim': {'claimName': 'home'}}])
        text = '0/1 nodes are available: persistentvolumeclaim "home" not found.'
        misfit = ('apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\nclasses: [{name: all}]\nfit: {awaitedClaims: misfit}\n')
        for args, config, verdict, message in [([], None, 'unknown', ''), (['--claims-now'], None, 'full', text), ([], misfit, 'full', text)]:
            with self.subTest(args=args, config=config):
                item = self.check(waiting, *args, snapshot=snapshot, status=1, config=config)[0]
                self.assertEqual((item['verdict'], item['message']), (verdict, message))

    def test_runtime_class_of_a_manifest(self):
        kata = {'apiVersion': 'node.k8s.io/v1', 'kind': 'RuntimeClass', 'metadata': {'name': 'kata'}, 'handler': 'kata',
                'overhead': {'podFixed': {'cpu': '250m', 'memory': '64Mi'}},
                'scheduling': {'nodeSelector': {'kata': 'yes'}, 'tolerations': [{'key': 'kata', 'operator': 'Exists'}]}}
        special = node('n1')
        special['metadata']['labels'] = {'kata': 'yes'}
        special['spec'] = {'taints': [{'key': 'kata', 'effect': 'NoSchedule'}]}
        snapshot = listing(special, node('n2'), kata)
        ask = {'cpu': '500m', 'memory': '64Mi'}
        item = self.check(pod('a', requests=ask, runtimeClassName='kata'), snapshot=snapshot)[0]
        self.assertEqual((item['verdict'], [n['fits'] for n in item['nodes']]), ('fits', [True, False]))
        self.assertEqual(item['podRequests'], {'cpu': '750m', 'memory': '128Mi'})
        self.assertEqual(item['slots'], 2, 'two CPUs hold two pods of 750m')
        admitted = self.check(pod('a', requests=ask, runtimeClassName='kata', overhead={'cpu': '1'}), snapshot=snapshot)[0]
        self.assertEqual((admitted['podRequests']['cpu'], [n['fits'] for n in admitted['nodes']]), ('1500m', [False, True]), 'admitted pods stay as they are')
        rows = [('kata', listing(node('n1')), {}, 'needs kind RuntimeClass, of which the snapshot has no object'),
                ('gone', snapshot, {}, 'the API server refuses the pod: RuntimeClass "gone" not found'),
                ('kata', snapshot, {'nodeSelector': {'kata': 'no'}}, 'conflict: runtimeClass.scheduling.nodeSelector[kata] = yes; pod.spec.nodeSelector[kata] = no')]
        for name, cluster, spec, cause in rows:
            with self.subTest(cause=cause):
                item = self.check(pod('a', runtimeClassName=name, **spec), snapshot=cluster, status=1)[0]
                self.assertEqual(item['verdict'], 'unknown')
                self.assertIn(cause, item['explanation'])
        review = {'apiVersion': 'admission.k8s.io/v1', 'kind': 'AdmissionReview', 'request': {
            'uid': 'u', 'kind': {'group': '', 'version': 'v1', 'kind': 'Pod'}, 'resource': {'group': '', 'version': 'v1', 'resource': 'pods'},
            'operation': 'CREATE', 'namespace': 'default', 'userInfo': {'username': 'me'}, 'object': pod('a', requests=ask, runtimeClassName='gone')}}
        self.assertEqual(self.check(review, snapshot=snapshot)[0]['verdict'], 'fits', 'what comes in a review has been admitted by the plug-in')

    def test_contract_of_the_design(self):
        busy = [pod('old-' + name, 'default', {'memory': '4000Mi'}, nodeName=name) for name in ('n2', 'n3')]
        snapshot = listing(node('n1', pods='0'), node('n2'), node('n3'), *busy)
        config = '''apiVersion: config.podfit.io/v1
kind: PodfitConfiguration
classes:
- name: projects
  match: {namespaces: [cocalc]}
  defaultQuotas: {mem: 2000, cpu: 1, cpu_oc: 20, mem_oc: 10}
'''
        items = self.check(pod('project-1', 'cocalc'), snapshot=snapshot, config=config, status=1)
        item = items[0]
        self.assertEqual([item[k] for k in ('namespace', 'name', 'class', 'action')], ['cocalc', 'project-1', 'projects', 'reject'])
        self.assertEqual(item['message'], '0/3 nodes are available: 1 Too many pods, 2 Insufficient memory.')
        self.assertTrue(item['explanation'].startswith(item['message'] + ' The pod requests cpu 50m, memory 200Mi'))
        self.assertEqual(item['podRequests'], {'cpu': '50m', 'memory': '200Mi'})
        self.assertEqual((item['binding'], item['slots']), ('memory', 0))
        self.assertEqual(item['nodes'][1], {'name': 'n2', 'fits': False, 'plugin': 'NodeResourcesFit', 'code': 'Unschedulable', 'reasons': ['Insufficient memory'], 'slots': 0})

    def test_pods_in_order_hold_room(self):
        snapshot = listing(node('n1', pods='2'))
        pods = listing(*[pod('p%d' % i) for i in range(3)])
        self.assertEqual([i['verdict'] for i in self.check(pods, snapshot=snapshot, status=1)], ['fits', 'fits', 'full'])
        self.assertEqual([i['verdict'] for i in self.check(pods, '--independent', snapshot=snapshot)], ['fits'] * 3)
        self.assertEqual([i['slots'] for i in self.check(pods, snapshot=snapshot, status=1)], [2, 1, 0])

    def test_same_review_twice_holds_room_twice(self):
        with open(example('reviews', '01-last-pod-slot.json'), encoding='utf8') as file:
            review = file.read()
        self.assertEqual([i['verdict'] for i in self.check(review + review, '--config', CONFIG, status=1)], ['fits', 'full'])

    def test_forms_of_input(self):
        one = pod('a', requests={'cpu': '1'})
        text = 'apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec: {containers: [{name: c, resources: {requests: {cpu: 1, memory: 0.5Gi}}}]}\n'
        rows = [
            ('JSON', json.dumps(one), ['a']),
            ('JSON, indented', json.dumps(one, indent=2), ['a']),
            ('two JSON values', json.dumps(one) + '\n' + json.dumps(pod('b')), ['a', 'b']),
            ('JSON documents with separators', '---\n' + json.dumps(one) + '\n---\n' + json.dumps(pod('b')) + '\n---\n', ['a', 'b']),
            ('JSON list', json.dumps(listing(one, pod('b'))), ['a', 'b']),
            ('PodList whose items have no kind', json.dumps({'kind': 'PodList', 'apiVersion': 'v1', 'items': [{'metadata': {'name': 'a'}, 'spec': one['spec']}]}), ['a']),
            ('YAML', text % 'a', ['a']),
            ('YAML documents', '---\n' + text % 'a' + '---\n---\n' + text % 'b' + '...\n', ['a', 'b']),
            ('YAML list', 'kind: List\nitems:\n- {kind: Pod, metadata: {name: a}, spec: {containers: [{name: c}]}}\n- {kind: Pod, metadata: {name: b}, spec: {containers: [{name: c}]}}\n', ['a', 'b']),
            ('YAML flow with a comment first', '# a pod\n' + json.dumps(one), ['a']),
            ('generateName', json.dumps({'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'generateName': 'a-'}, 'spec': one['spec']}), ['a-']),
        ]
        for name, content, names in rows:
            with self.subTest(name=name):
                self.assertEqual([i['name'] for i in self.check(content, snapshot=listing(node('n1')))], names)

    def test_files_are_read_in_order(self):
        first, second = self.file('1.yaml', json.dumps(pod('one'))), self.file('2.json', pod('two'))
        result = podfit('check', '-f', second, '--file=' + first, '-o', 'json')
        self.assertEqual([i['name'] for i in json.loads(result.out)['items']], ['two', 'one'])

    def test_namespaces(self):
        snapshot = listing(node('n1'))
        self.assertEqual(self.check(pod('a'), snapshot=snapshot)[0]['namespace'], 'default')
        self.assertEqual(self.check(pod('a'), '-n', 'team', snapshot=snapshot)[0]['namespace'], 'team')
        self.assertEqual(self.check(pod('a', 'own'), '-n', 'team', snapshot=snapshot)[0]['namespace'], 'own')

    def test_verdicts(self):
        snapshot = listing(node('n1'), pod('old', 'default', {'cpu': '1500m'}, nodeName='n1'))
        rows = [
            ('fits', pod('a', requests={'cpu': '500m'}), 'fits', 0),
            ('full', pod('a', requests={'cpu': '501m'}), 'full', 1),
            ('never', pod('a', requests={'cpu': '3'}), 'never', 1),
            ('unknown', pod('a', resourceClaims=[{'name': 'gpu'}]), 'unknown', 1),
            ('bound already', pod('a', nodeName='n1'), 'notJudged', 0),
            ('another scheduler', pod('a', schedulerName='other'), 'notJudged', 0),
        ]
        for name, content, verdict, status in rows:
            with self.subTest(name=name):
                item = self.check(content, snapshot=snapshot, status=status)[0]
                self.assertEqual(item['verdict'], verdict)
                self.assertEqual(item['explanation'] == '', verdict == 'fits')
                self.assertEqual(item['nodes'] == [], verdict in ('unknown', 'notJudged'))

    def test_uncovered(self):
        item = self.check(pod('a', 'elsewhere', {'cpu': '300m'}), '--config', CONFIG)[0]
        self.assertEqual([item[k] for k in ('class', 'verdict', 'action', 'patch')], ['', 'notJudged', 'allow', []])
        self.assertIn('no class covers it', item['explanation'])
        self.assertEqual(item['podRequests'], {'cpu': '300m', 'memory': '0'})

    def test_without_configuration_nothing_would_be_done(self):
        item = self.check(pod('a', requests={'cpu': '300m'}), snapshot=listing(node('n1')))[0]
        self.assertEqual([item[k] for k in ('class', 'verdict', 'action', 'patch')], ['', 'fits', 'allow', []])

    def test_observed(self):
        config = 'apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\nclasses: [{name: all, requests: keep, observe: true}]\n'
        item = self.check(pod('a', requests={'cpu': '99'}), config=config, snapshot=listing(node('n1')), status=1)[0]
        self.assertEqual((item['observed'], item['action'], item['patch']), (True, 'reject', []))

    def test_pod_level_resources(self):
        item = self.check(pod('a', resources={'requests': {'cpu': '1'}, 'limits': {'cpu': '2'}}), snapshot=listing(node('n1')))[0]
        self.assertEqual(item['podResources']['before'], {'requests': {'cpu': '1'}, 'limits': {'cpu': '2'}})
        self.assertEqual(item['podRequests']['cpu'], '1')

    def test_quantities_are_canonical(self):
        item = self.check(pod('a', requests={'cpu': '0.5', 'memory': '1024Mi', 'example.com/gpu': '0'}), snapshot=listing(node('n1')))[0]
        self.assertEqual(item['containers'][0]['before']['requests'], {'cpu': '500m', 'memory': '1Gi', 'example.com/gpu': '0'})

    def test_reviews(self):
        def review(**changes):
            with open(example('reviews', '03-fits.json'), encoding='utf8') as file:
                body = json.load(file)
            body['request'].update(changes)
            return body
        covered = self.check(review(), '--config', CONFIG)[0]
        self.assertEqual((covered['class'], covered['verdict']), ('projects', 'fits'))
        self.assertEqual(covered['containers'][0]['before']['requests'], {'cpu': '1', 'memory': '2000Mi'})
        self.assertEqual(covered['containers'][0]['after']['requests'], {'cpu': '50m', 'memory': '200Mi'})
        self.assertEqual(covered['containers'][0]['rule'], 'ratio')
        self.assertIn('/metadata/annotations', json.dumps(covered['patch']))
        deleted = self.check(review(operation='DELETE', object=None), '--config', CONFIG)[0]
        self.assertEqual((deleted['verdict'], deleted['action'], deleted['patch']), ('notJudged', 'allow', []))
        other = self.check(review(resource={'group': 'apps', 'version': 'v1', 'resource': 'deployments'}), '--config', CONFIG)[0]
        self.assertEqual((other['verdict'], other['explanation']), ('notJudged', 'not judged: not a pod'))
        dry = [review(dryRun=True), review(dryRun=True)]
        self.assertEqual([i['slots'] for i in self.check(listing(*dry), '--config', CONFIG)], [covered['slots']] * 2)

    def test_hints(self):
        tainted = dict(node('n3', cpu='16'), spec={'taints': [{'key': 'gpu', 'effect': 'NoSchedule'}]})
        snapshot = listing(node('n1'), node('n2'), tainted, pod('old', 'x', {'cpu': '1500m', 'memory': '1Gi'}, nodeName='n1'))
        item = self.check(pod('p', 'x', {'cpu': '8', 'memory': '1Gi'}), snapshot=snapshot, status=1)[0]
        self.assertEqual(item['hints'], {'largestRequest': {'cpu': '2', 'together': False},
                                         'excludedBy': {'kind': 'toleration', 'rule': 'gpu:NoSchedule', 'nodes': 1, 'nodesThatFitWithout': 1}})
        followed = pod('p', 'x', {'cpu': '8', 'memory': '1Gi'}, tolerations=[{'key': 'gpu', 'operator': 'Exists'}])
        self.assertEqual(self.check(followed, snapshot=snapshot)[0]['verdict'], 'fits')
        full = listing(node('n1'), pod('old', 'x', {'cpu': '1500m', 'memory': '1Gi'}, nodeName='n1'))
        item = self.check(pod('p', 'x', {'cpu': '1', 'memory': '1Gi'}), snapshot=full, status=1)[0]
        self.assertEqual(item['hints'], {'largestRequest': {'cpu': '500m', 'together': False}, 'leave': {'pods': 1, 'node': 'n1'}})
        text = podfit('check', '-f', '-', '--explain', '--snapshot', self.file('s.json', full), stdin=json.dumps(pod('p', 'x', {'cpu': '1', 'memory': '1Gi'})))
        self.assertIn('would fit with at most cpu 500m\n', text.out)
        self.assertIn('would fit once 1 like this one left node n1\n', text.out)

    def test_resize(self):
        snapshot = listing(node('n1', cpu='4'), pod('old', 'x', {'cpu': '1'}, nodeName='n1'), pod('p', 'x', {'cpu': '1'}, nodeName='n1'))
        config = 'apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\nclasses: [{name: all, requests: keep}]\n'
        for cpu, verdict, text in [('3', 'fits', ''), ('3001m', 'full', "Node didn't have enough resource: cpu, requested: 3001, used: 1000, capacity: 4000"),
                                   ('5', 'never', "node didn't have enough allocatable resources: cpu, requested: 5000, allocatable: 4000")]:
            request = {'uid': 'u', 'kind': {'group': '', 'version': 'v1', 'kind': 'Pod'}, 'resource': {'group': '', 'version': 'v1', 'resource': 'pods'},
                       'subResource': 'resize', 'namespace': 'x', 'name': 'p', 'operation': 'UPDATE', 'userInfo': {'username': 'me'},
                       'object': pod('p', 'x', {'cpu': cpu}, nodeName='n1')}
            review = {'apiVersion': 'admission.k8s.io/v1', 'kind': 'AdmissionReview', 'request': request}
            item = self.check(review, snapshot=snapshot, config=config, status=0 if verdict == 'fits' else 1)[0]
            self.assertEqual((item['verdict'], item['message']), (verdict, text))

    def test_scheduler_configuration(self):
        self.file('scheduler.yaml', '''apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
- schedulerName: packer
  plugins:
    multiPoint:
      disabled: [{name: TaintToleration}]
- schedulerName: gang
  plugins:
    multiPoint:
      enabled: [{name: Coscheduling}]
''')
        config = self.file('podfit.yaml', 'apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\nclasses: [{name: all, requests: keep}]\n'
                           'fit: {schedulerConfig: scheduler.yaml}\n')
        snapshot = self.file('s.json', listing(dict(node('n1'), spec={'taints': [{'key': 'k', 'effect': 'NoSchedule'}]})))
        pods = [pod('a', 'x'), pod('b', 'x', schedulerName='packer'), pod('c', 'x', schedulerName='gang'), pod('d', 'x', schedulerName='none')]
        result = podfit('check', '--config', config, '--snapshot', snapshot, '-o', 'json', '-f', '-', stdin=json.dumps(listing(*pods)))
        self.assertEqual([i['verdict'] for i in json.loads(result.out)['items']], ['never', 'fits', 'unknown', 'notJudged'])
        self.assertIn("profile 'gang': out-of-tree plug-in 'Coscheduling' at multiPoint", result.err)
        checked = podfit('config', 'check', config)
        self.assertEqual(checked.status, 0)
        self.assertIn('Coscheduling', checked.err)
        scheduler = self.file('scheduler.yaml', 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofile: []\n')
        checked = podfit('config', 'check', config)
        self.assertEqual(checked.status, 1)
        self.assertIn(scheduler + ':3:1: profile: unknown key', checked.err)

    def test_pending_pods_of_the_snapshot_hold_room(self):
        waiting = pod('waiting', 'default', {'cpu': '1500m'})
        waiting['metadata'].update(uid='u', creationTimestamp='2026-11-22T00:00:00Z')
        item = self.check(pod('a', requests={'cpu': '1'}), snapshot=listing(node('n1'), waiting), status=1)[0]
        self.assertEqual(item['verdict'], 'full')

    def test_version_and_gates(self):
        taint = [{'key': 'level', 'value': '5', 'effect': 'NoSchedule'}]
        one = node('n1')
        one['spec'] = {'taints': taint}
        content = pod('a', tolerations=[{'key': 'level', 'operator': 'Lt', 'value': '9', 'effect': 'NoSchedule'}])
        off = self.check(content, '--kubernetes-version', '1.36', snapshot=listing(one), status=1)[0]
        self.assertEqual(off['nodes'][0]['plugin'], 'TaintToleration')
        self.check(content, '--kubernetes-version=v1.36.3', '--feature-gates', 'Unheard=true,TaintTolerationComparisonOperators=true', snapshot=listing(one))
        result = podfit('check', '-f', '-', '--feature-gates', 'Unheard=true', stdin=json.dumps(content))
        self.assertIn("feature gate 'Unheard' does not change what podfit judges, ignoring", result.err)

    def test_embedded_cluster(self):
        result = podfit('check', '-f', example('pods', 'project.yaml'), '--snapshot', 'example')
        self.assertEqual((result.status, result.err), (0, ''))
        given = podfit('check', '-f', example('pods', 'project.yaml'), '--snapshot', example('cluster.yaml'))
        self.assertEqual((given.out, given.err), (result.out, ''))

    def test_examples(self):
        outcome = {}
        for name in sorted(os.listdir(example('pods'))):
            plain = json.loads(podfit('check', '-o', 'json', '-f', example('pods', name)).out)['items']
            rewritten = json.loads(podfit('check', '-o', 'json', '--config', CONFIG, '-f', example('pods', name)).out)['items']
            outcome[name] = ([i['verdict'] for i in plain], [i['verdict'] for i in rewritten])
        self.assertEqual(outcome, {
            'project.yaml': (['fits'], ['fits']),
            'three-projects.yaml': (['fits', 'full', 'full'], ['fits', 'full', 'full']),
            'too-large.yaml': (['full'], ['fits']),
            'without-toleration.yaml': (['never'], ['fits']),
        })

    def test_reviews_of_the_demo(self):
        names = sorted(os.listdir(example('reviews')))
        files = [word for name in names for word in ('-f', example('reviews', name))]
        items = json.loads(podfit('check', '-o', 'json', '--config', CONFIG, *files).out)['items']
        self.assertEqual([(name, i['verdict'], i['action']) for name, i in zip(names, items)], [
            ('01-last-pod-slot.json', 'fits', 'allow'), ('02-no-pod-slot.json', 'full', 'reject'), ('03-fits.json', 'fits', 'allow'),
            ('04-without-toleration.json', 'fits', 'allow'), ('05-too-much-memory.json', 'full', 'reject'), ('06-wrong-selector.json', 'never', 'reject')])

    def test_errors(self):
        whole = json.dumps(pod('a'))
        rows = [
            ('missing file', ['-f', '/nonexistent/pod.yaml'], '', '/nonexistent/pod.yaml'),
            ('a folder without manifests', ['-f', os.path.join(SOURCE, 'docs')], '', 'holds no file that ends in .json, .yaml or .yml'),
            ('nothing', ['-f', '-'], '', 'standard input: no object in it'),
            ('an empty list', ['-f', '-'], '{"kind":"List","items":[]}', 'the files hold no pod'),
            ('another kind', ['-f', '-'], 'kind: Deployment', "standard input: kind 'Deployment' cannot be checked; Pod, AdmissionReview and lists of them are allowed"),
            ('another kind in a list', ['-f', '-'], json.dumps(listing(pod('a'), {'kind': 'Service'})), "standard input, item 2: kind 'Service'"),
            ('a list in a list', ['-f', '-'], json.dumps(listing(listing())), "kind 'List' cannot be checked"),
            ('no kind', ['-f', '-'], 'metadata: {name: a}', "'kind' is missing"),
            ('second document', ['-f', '-'], whole + '\n{"kind":"Node"}', "standard input, document 2: kind 'Node'"),
            ('broken JSON', ['-f', '-'], '{"kind":"Pod",', 'standard input: document 1: byte'),
            ('broken YAML', ['-f', '-'], 'kind: [\n', 'standard input:2:1:'),
            ('kind of another type', ['-f', '-'], '{"kind":7}', 'standard input: byte'),
            ('items of another type', ['-f', '-'], '{"kind":"List","items":7}', 'standard input: items'),
            ('a scalar', ['-f', '-'], 'just text', 'standard input'),
            ('pod of another form', ['-f', '-'], '{"kind":"Pod","spec":7}', 'standard input: spec'),
            ('quantity', ['-f', '-'], json.dumps(pod('a', requests={'cpu': 'much'})), 'standard input: '),
            ('review without request', ['-f', '-'], '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}', 'standard input: '),
            ('missing snapshot', ['-f', '-', '--snapshot', '/nonexistent'], whole, '/nonexistent'),
            ('broken snapshot', ['-f', '-', '--snapshot', self.file('broken', '{"kind":"List","items":[{"kind":"Node","metadata":{"name":7}}]}')], whole, 'broken'),
            ('missing configuration', ['-f', '-', '--config', '/nonexistent'], whole, '/nonexistent'),
        ]
        for name, args, stdin, text in rows:
            with self.subTest(name=name):
                self.usage_error(text, 'check', *args, stdin=stdin)

    def test_configuration_problems_are_listed(self):
        path = self.file('podfit.yaml', 'apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\nclases: []\nfit: {maxModelAge: long}\n')
        result = podfit('check', '--config', path, '-f', example('pods', 'project.yaml'))
        self.assertEqual((result.status, result.out), (2, ''))
        self.assertIn(path + ':3:1: ', result.err)
        self.assertIn(path + ':4:', result.err)

    def test_yaml_is_the_same_document(self):
        args = ['check', '--config', CONFIG, '-f', example('reviews', '05-too-much-memory.json'), '-f', example('pods', 'three-projects.yaml')]
        text = podfit(*args, '-o', 'yaml').out
        # YAML back to JSON through podfit itself would prove nothing; a line of each kind is looked for
        items = json.loads(podfit(*args, '-o', 'json').out)['items']
        self.assertTrue(text.startswith('apiVersion: podfit.io/v1\nkind: CheckList\nitems:\n- namespace: cocalc\n'))
        self.assertEqual(text.count('\n- namespace: '), len(items))
        self.assertEqual(text.count('  verdict: full\n'), sum(i['verdict'] == 'full' for i in items))
        self.assertIn('\n    plugin: NodeResourcesFit\n', text)

    def test_hostile_names(self):
        name = 'a\x1b[31m\x07b\x9b5'
        result = podfit('check', '--explain', '-f', '-', '--snapshot', self.file('s', listing(node('n\x1b1'))), stdin=json.dumps(pod(name)))
        self.assertEqual(result.status, 0)
        self.assertIsNone(CONTROL.search(result.out))
        self.assertIn('a\\x1B[31m', result.out)
        item = self.check(pod(name), snapshot=listing(node('n1')))[0]
        self.assertEqual(item['name'], name)


    def test_sources(self):
        pods = example('pods', 'project.yaml')
        home = {'HOME': self.folder.name, 'KUBECONFIG': '', 'KUBERNETES_SERVICE_HOST': ''}
        empty = self.file('empty.kubeconfig', '')
        for text, args in [
                ('--snapshot excludes --kubeconfig, --context and --live', ['--snapshot', 'example', '--live']),
                ('--snapshot excludes --kubeconfig, --context and --live', ['--snapshot', 'example', '--kubeconfig', empty]),
                ('--snapshot excludes --kubeconfig, --context and --live', ['--snapshot', 'example', '--context', 'x']),
                ('--live excludes --kubeconfig', ['--live', '--kubeconfig', empty]),
                ('no cluster to look at (--snapshot FILE, or --snapshot example for the embedded one): ', ['--here-is-none']),
                ('.kube/config', ['--live']),
                ('/nonexistent', ['--kubeconfig', '/nonexistent'])]:
            with self.subTest(args=args):
                self.usage_error(text, 'check', '-f', pods, *args, env=home)


class Cluster(Case):
    RECORDED = os.path.join(SOURCE, 'tests', 'reference', 'recorded')

    def test_redacted_snapshot_gives_the_same_answers(self):
        states = sorted(name for name in os.listdir(self.RECORDED) if os.path.exists(os.path.join(self.RECORDED, name, 'initial.json')))
        self.assertGreater(len(states), 5)
        for name in states:
            with self.subTest(name=name):
                full, small = os.path.join(self.RECORDED, name, 'initial.json'), os.path.join(self.folder.name, name)
                self.assertEqual(podfit('snapshot', '--redact', '--snapshot', full, '-o', small).err, '')
                with open(small, encoding='utf8') as file:
                    text = file.read()
                for secret in ('"managedFields"', '"env"', '"command"', '"args"', '"serviceAccount', '"secret"', '"projected"'):
                    self.assertNotIn(secret, text)
                for args in [('nodes', '-o', 'json'), ('check', '-o', 'json', '--independent', '-f', example('pods', 'three-projects.yaml'))]:
                    wanted, got = (podfit(*args, '--snapshot', path) for path in (full, small))
                    self.assertEqual((got.status, got.out), (wanted.status, wanted.out))

    def test_nodes(self):
        document = json.loads(podfit('nodes', '--snapshot', 'example', '-o', 'json').out)
        self.assertEqual((document['apiVersion'], document['kind']), ('podfit.io/v1', 'NodeList'))
        names = [item['name'] for item in document['items']]
        self.assertEqual(names, sorted(names))
        table = podfit('nodes', '--snapshot', 'example').out
        self.assertEqual([line.split()[0] for line in table.strip().split('\n')], ['NODE'] + names)
        self.assertNotIn('\033', table)
        self.usage_error('--watch needs a living cluster', 'nodes', '--snapshot', 'example', '--watch')

    def test_kubectl_plugin(self):
        link = os.path.join(self.folder.name, 'kubectl-podfit')
        os.symlink(os.path.abspath(PODFIT), link)
        run = subprocess.run([link, '--help'], capture_output=True, timeout=60, check=True)
        self.assertIn(b'Usage: kubectl podfit COMMAND', run.stdout)


class Terminal(Case):
    def colours(self, **env):
        """What a person at a terminal would see."""
        leader, follower = pty.openpty()
        try:
            environment = {key: value for key, value in os.environ.items() if key not in ('NO_COLOR', 'TERM')}
            run = subprocess.run([PODFIT, 'check', '--snapshot', 'example', '--explain', '-f', example('pods', 'project.yaml')], stdout=follower, stderr=subprocess.DEVNULL,
                                 env=dict(environment, **env), timeout=60, check=False)
            os.close(follower)
            follower = -1
            seen = b''
            while True:
                try:
                    part = os.read(leader, 65536)
                except OSError:
                    break
                if not part:
                    break
                seen += part
            self.assertEqual(run.returncode, 0)
            return '\033[' in seen.decode('utf8')
        finally:
            os.close(leader)
            if follower != -1:
                os.close(follower)

    def test_colour_only_on_a_terminal(self):
        self.assertTrue(self.colours(TERM='xterm'))
        self.assertFalse(self.colours(TERM='xterm', NO_COLOR='1'))
        self.assertFalse(self.colours(TERM='dumb'))
        self.assertFalse(self.colours())
        self.assertNotIn('\033', podfit('check', '-f', example('pods', 'project.yaml'), env={'TERM': 'xterm'}).out)

    def test_rule_of_each_resource(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'config.yaml')
            with open(path, 'w', encoding='utf8') as file:
                file.write('apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\nclasses:\n- name: all\n'
                           '  defaultQuotas: {mem: 2000, mem_oc: 10, cpu: 1, cpu_oc: 20}\n')
            document = pod('a')
            document['spec']['containers'][0]['resources'] = {'limits': {'cpu': '2', 'memory': '500Mi', 'example.com/gpu': '1'}}
            out = podfit('check', '--config', path, '-f', '-', stdin=json.dumps(document)).out
        rows = [line.split() for line in out.split('\n')]
        self.assertEqual({row[1]: row[-1] for row in rows if row[:1] == ['main']},
                         {'cpu': 'ratio', 'memory': 'floor', 'example.com/gpu': 'floor'}, out)

    def test_columns_are_aligned(self):
        out = podfit('check', '--explain', '-f', example('pods', 'project.yaml')).out
        lines = out[out.index('  NODE'):].split('\n')[:-1]
        column = lines[0].index('FILTER')
        self.assertEqual(len(lines), 6)
        for line in lines[1:]:
            self.assertEqual(line[column - 1], ' ')
            self.assertNotEqual(line[column], ' ')


class Config(Case):
    def test_check(self):
        result = podfit('config', 'check', CONFIG)
        self.assertEqual((result.status, result.out, result.err), (0, CONFIG + ': valid, 3 classes\n', ''))
        broken = self.file('broken.yaml', 'apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\nclasses: []\nfitt: {}\n')
        result = podfit('config', 'check', broken, CONFIG)
        self.assertEqual((result.status, result.out), (1, CONFIG + ': valid, 3 classes\n'))
        self.assertIn(broken + ':4:1: ', result.err)
        self.assertIn("'fit'", result.err)
        self.assertEqual(podfit('config', 'check', broken, '/nonexistent').status, 2)

    def test_show_is_a_fixed_point(self):
        shown = podfit('config', 'show', CONFIG)
        self.assertEqual(shown.status, 0)
        again = podfit('config', 'show', '-', stdin=shown.out)
        self.assertEqual((again.status, again.out), (0, shown.out))
        self.assertEqual(podfit('config', 'show').out, shown.out)
        self.assertEqual(podfit('config', 'show', '-', stdin='nonsense').status, 1)
        self.assertEqual(podfit('config', 'show', '/nonexistent').status, 2)

    def test_document(self):
        lines = podfit('config', 'document').out.split('\n')
        self.assertEqual(len({line.count(' | ') for line in lines[2:-1]}), 1)
        self.assertTrue(any(line.startswith('| `classes[].onFull`') for line in lines))


class Certs(Case):
    def test_create_show_renew(self):
        folder = os.path.join(self.folder.name, 'certs')
        created = podfit('certs', 'create', folder, '--service', 'podfit', '-n', 'system', '--ip', '127.0.0.1', '--dns=localhost', '-o', 'json')
        self.assertEqual((created.status, created.err), (0, ''))
        document = json.loads(created.out)
        self.assertEqual(document['serving']['names'], ['podfit.system.svc', 'podfit.system.svc.cluster.local', 'podfit.system', 'podfit', 'localhost', '127.0.0.1'])
        self.assertEqual((document['problems'], document['nextAuthority'], document['authority']['ca'], document['serving']['ca']), ([], None, True, False))
        shown = podfit('certs', 'show', folder)
        self.assertEqual(shown.status, 0)
        self.assertIn('podfit.system.svc', shown.out)
        self.assertEqual(json.loads(podfit('certs', 'show', folder, '-o', 'json').out)['serving'], document['serving'])
        bundle = podfit('certs', 'show', folder, '--ca-bundle').out
        with open(os.path.join(folder, 'ca-bundle.crt'), 'rb') as file:
            self.assertEqual(base64.b64decode(bundle, validate=False), file.read())
        self.assertEqual(bundle.count('\n'), 1)
        self.usage_error('there is a CA already', 'certs', 'create', folder, '--dns', 'x')
        self.assertEqual(json.loads(podfit('certs', 'renew', folder, '-o', 'json').out)['acts'], [])
        renewed = json.loads(podfit('certs', 'renew', folder, '--force', '-o', 'json').out)
        self.assertEqual((renewed['acts'], renewed['serving']['names']), (['issue-leaf'], document['serving']['names']))
        self.assertNotEqual(renewed['serving']['serial'], document['serving']['serial'])
        self.assertIn('nothing was due', podfit('certs', 'renew', folder).out)

    def test_problems_are_an_answer(self):
        folder = os.path.join(self.folder.name, 'certs')
        self.assertEqual(podfit('certs', 'create', folder, '--dns', 'localhost').status, 0)
        os.chmod(os.path.join(folder, 'tls.key'), 0o644)
        result = podfit('certs', 'show', folder)
        self.assertEqual(result.status, 1)
        self.assertIn('problem: ', result.out)
        self.assertEqual(podfit('certs', 'show', folder, '-o', 'yaml').status, 1)

    def test_errors(self):
        self.usage_error('/nonexistent', 'certs', 'show', '/nonexistent')
        self.usage_error('/nonexistent', 'certs', 'renew', '/nonexistent')
        self.usage_error('/nonexistent', 'certs', 'show', '/nonexistent', '--ca-bundle')
        self.usage_error('not a name', 'certs', 'create', os.path.join(self.folder.name, 'c'), '--dns', 'not a name')


class Audit(Case):
    LINES = [
        {'record': 'decision', 'time': '2026-11-22T01:00:00.000Z', 'class': 'projects', 'verdict': 'full', 'action': 'reject', 'namespace': 'cocalc', 'name': 'p-1',
         'message': '0/3 nodes are available: 3 Insufficient memory.', 'binding': 'memory'},
        {'record': 'decision', 'time': '2026-11-22T02:00:00.000Z', 'class': 'projects', 'verdict': 'never', 'action': 'reject', 'namespace': 'cocalc', 'name': 'p-2',
         'message': "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.", 'binding': 'NodeAffinity'},
        {'record': 'decision', 'time': '2026-11-22T03:00:00.000Z', 'class': 'ide', 'verdict': 'full', 'action': 'gate', 'namespace': 'coditect', 'name': 'w-1',
         'message': '0/3 nodes are available: 3 Too many pods.', 'binding': 'pods'},
    ]

    def log(self, name='audit.log', lines=None, tail=''):
        return self.file(name, ''.join(json.dumps(line) + '\n' for line in (self.LINES if lines is None else lines)) + tail)

    def summary(self, *args, **kwargs):
        result = podfit('audit', '-o', 'json', *args, **kwargs)
        self.assertEqual(result.status, 0, result.err)
        return json.loads(result.out)

    def test_summary(self):
        document = self.summary(self.log(tail='{"torn'))
        self.assertEqual((document['apiVersion'], document['kind'], document['decisions'], document['torn']), ('podfit.io/v1', 'AuditSummary', 3, 1))
        self.assertEqual([(r['key'], r['count']) for r in document['by']['verdict']], [('full', 2), ('never', 1)])
        self.assertEqual(list(document['by']), ['class', 'verdict', 'binding', 'namespace', 'owner', 'message'])
        table = podfit('audit', self.log()).out
        self.assertTrue(table.startswith('3 decisions from 2026-11-22T01:00:00.000Z to 2026-11-22T03:00:00.000Z\n'))
        self.assertIn('kind: AuditSummary\n', podfit('audit', self.log(), '-o', 'yaml').out)
        self.assertIn('and 1 more\n', podfit('audit', self.log(), '--top', '1').out)

    def test_filters(self):
        path = self.log()
        for args, count in [([], 3), (['--class', 'ide'], 1), (['-n', 'cocalc'], 2), (['--verdict', 'never'], 1), (['--cause', 'memory'], 1), (['--cause', 'Too many'], 1),
                            (['--since', '2026-11-22T02:00:00Z'], 2), (['--until', '2026-11-22T02:00:00Z'], 1), (['--since=2026-11-22'], 3), (['--since', '2026-11-23'], 0),
                            (['--verdict', 'full', '--class', 'projects'], 1), (['--class', 'nobody'], 0)]:
            with self.subTest(args=args):
                self.assertEqual(self.summary(path, *args)['decisions'], count)

    def test_records(self):
        result = podfit('audit', self.log(), '--records', '--verdict', 'full')
        self.assertEqual([json.loads(line)['name'] for line in result.out.splitlines()], ['p-1', 'w-1'])

    def test_rotated_files(self):
        self.log('audit.log.1', self.LINES[:1])
        path = self.log('audit.log', self.LINES[1:])
        self.assertEqual(self.summary(path)['decisions'], 3)
        self.assertEqual(self.summary(path, '--alone')['decisions'], 2)
        self.assertEqual(self.summary(path, path + '.1')['decisions'], 3)
        names = [json.loads(line)['name'] for line in podfit('audit', path, '--records').out.splitlines()]
        self.assertEqual(names, ['p-1', 'p-2', 'w-1'])

    def test_standard_input_and_garbage(self):
        document = self.summary('-', stdin='no record\n' + json.dumps(self.LINES[0]) + '\n\n')
        self.assertEqual((document['decisions'], document['garbage']), (1, 1))

    def test_missing_file(self):
        self.usage_error('/nonexistent', 'audit', '/nonexistent')


class Serve(Case):
    def test_audit_keep_is_what_the_log_can_keep(self):
        self.usage_error("'101' is not within 1 to 100", 'serve', '--audit-keep', '101')

    def test_needs_a_certificate(self):
        result = podfit('serve', '--listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0')
        self.assertEqual(result.status, 2)
        self.assertIn('podfit certs create', result.err)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:])
