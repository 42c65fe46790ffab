#!/usr/bin/env python3
"""cli_test.py PODFIT SOURCE_DIR [TEST...]: the command line from the outside: usage and help, migration, configuration, certificates, what the server refuses, which keys are documented."""
import base64
import json
import os
import re
import subprocess

from cli_case import CONFIG, Case, PODFIT, SOURCE, example, listing, main, node, pod, podfit


class Usage(Case):
    def test_groups(self):
        for args, text in [([], "'podfit' needs a command"), (['chek'], "did you mean 'podfit check'"), (['frobnicate'], "unknown command 'frobnicate' (see"),
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
                (['certs', 'create', 'd'], 'the server has no name, allowed: --service NAME'),
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
        for key, message in (('classes.onFul', "did you mean 'onFull'?"), ('nothing.here', "there is no 'nothing'"), ('fit.filters.disabled.x', "there is no 'x'"),
                             ('.', 'unknown key'), ('x' * 5000, 'no key has 5000 bytes')):
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
        deep = podfit('config', 'check', self.file('deep.yaml', 'classes: ' + '[' * 1000))
        self.assertEqual((deep.status, deep.out), (1, ''))
        self.assertRegex(deep.err, r'deep\.yaml:1:\d+: nested deeper than the limit of 200 levels\n')

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


class Documented(Case):
    """Every key that is printed as JSON stands in docs/OUTPUT.md, in the section of its document; -o yaml is the same document."""
    BY_RESOURCE = ('requests', 'limits', 'podRequests')

    def keys(self, value):
        if isinstance(value, list):
            return set().union(*(self.keys(item) for item in value))
        if not isinstance(value, dict):
            return set()
        below = [self.keys(item) for key, item in value.items() if key not in self.BY_RESOURCE + ('patch',)]
        return set(value).union(*below)

    def section(self, kind):
        with open(os.path.join(SOURCE, 'docs', 'OUTPUT.md'), encoding='utf8') as file:
            return re.search(r'(?ms)^## `%s`\n(.*?)(?=^## |\Z)' % kind, file.read()).group(1)

    def test_every_key(self):
        folder = os.path.join(self.folder.name, 'certs')
        self.assertEqual(podfit('certs', 'create', folder, '--dns', 'localhost').status, 0)
        audit = self.file('audit.log', json.dumps({'time': '2026-11-22T01:00:00Z', 'record': 'decision', 'class': 'a', 'verdict': 'full', 'action': 'reject', 'dryRun': False,
                                                   'observed': False, 'namespace': 'b', 'name': 'c', 'message': 'd', 'binding': 'cpu', 'reviewUid': 'e'}) + '\n')
        resources = {'requests': {'cpu': '1'}}
        low = dict(pod('low', 'a', {'cpu': '2'}, nodeName='n1', priority=-1), status={'phase': 'Running'})
        evicting = self.file('evicting.json', listing(node('n1', **{'example.com/gpu': '1'}), low))
        more = self.file('more.json', listing(pod('fits', 'a', {'cpu': '1'}, priority=0), pod('pod-level', 'a', resources=resources), pod('large', 'a', {'cpu': '3'})))
        for kind, args, status in [('CheckList', ['check', '--config', CONFIG, '--snapshot', 'example', '-f', example('reviews'), '-f', example('pods')], 1),
                                   ('CheckList', ['check', '--snapshot', evicting, '-f', more], 1), ('NodeList', ['nodes', '--snapshot', evicting], 0),
                                   ('Certificates', ['certs', 'show', folder], 0), ('AuditSummary', ['audit', audit], 0), ('Version', ['version'], 0)]:
            with self.subTest(args=args):
                result = podfit(*args, '-o', 'json')
                self.assertEqual((result.status, result.err), (status, ''))
                document = json.loads(result.out)
                self.assertEqual((document['apiVersion'], document['kind']), ('podfit.io/v1', kind))
                documented = set(re.findall(r'`([A-Za-z0-9]+)`', self.section(kind))) | {'apiVersion', 'kind', 'items'}
                self.assertEqual(self.keys(document) - documented, set())
                self.assertIn('kind: %s\n' % kind, podfit(*args, '-o', 'yaml').out)


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


class Serve(Case):
    def test_audit_keep_is_what_the_log_can_keep(self):
        self.usage_error("'101' is not within 1 to 100", 'serve', '--audit-keep', '101')

    def test_needs_a_certificate(self):
        result = podfit('serve', '--listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0')
        self.assertEqual(result.status, 2)
        self.assertIn('podfit certs create', result.err)


if __name__ == '__main__':
    main()
