#!/usr/bin/env python3
"""check_test.py PODFIT SOURCE_DIR [TEST...]: `podfit check` from the outside: verdicts, forms of input, sources, formats and the JSON contract of the design."""
import json
import os

from cli_case import CONFIG, CONTROL, Case, SOURCE, example, listing, main, node, pod, podfit


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
            ('lists in a list', json.dumps(listing(listing(one, listing(pod('b'))), {'kind': 'PodList', 'items': [{'metadata': {'name': 'c'}}]}, pod('d'))), ['a', 'b', 'c', 'd']),
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
            ('a list in a list of nothing', ['-f', '-'], json.dumps(listing(listing())), 'the files hold no pod'),
            ('another kind in a list in a list', ['-f', '-'], json.dumps(listing(pod('a'), listing(pod('b'), {'kind': 'Service'}))), "standard input, item 3: kind 'Service'"),
            ('lists in more lists than anyone makes', ['-f', '-'], '{"kind":"List","items":[' * 9 + whole + ']}' * 9, 'lists stand in more than 8 lists'),
            ('a Pod of another group', ['-f', '-'], json.dumps(dict(pod('a'), apiVersion='x.io/v1')), "kind 'Pod' of apiVersion 'x.io/v1' cannot be checked; Pod of v1"),
            ('a Pod of another version', ['-f', '-'], json.dumps(dict(pod('a'), apiVersion='v2')), "kind 'Pod' of apiVersion 'v2' cannot be checked"),
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
                ("option '--snapshot' excludes '--kubeconfig', '--context' and '--live'", ['--snapshot', 'example', '--live']),
                ("option '--snapshot' excludes '--kubeconfig', '--context' and '--live'", ['--snapshot', 'example', '--kubeconfig', empty]),
                ("option '--snapshot' excludes '--kubeconfig', '--context' and '--live'", ['--snapshot', 'example', '--context', 'x']),
                ("option '--live' excludes '--kubeconfig'", ['--live', '--kubeconfig', empty]),
                ('no cluster to look at (--snapshot FILE, or --snapshot example for the embedded one): ', ['--here-is-none']),
                ('.kube/config', ['--live']),
                ('/nonexistent', ['--kubeconfig', '/nonexistent'])]:
            with self.subTest(args=args):
                self.usage_error(text, 'check', '-f', pods, *args, env=home)


if __name__ == '__main__':
    main()
