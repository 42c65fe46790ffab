#!/usr/bin/env python3
"""terminal_test.py PODFIT SOURCE_DIR [TEST...]: clusters and tables: snapshots, `podfit nodes`, the kubectl plug-in; colour and columns on a terminal."""
import json
import os
import pty
import subprocess
import tempfile

from cli_case import Case, PODFIT, SOURCE, example, main, pod, podfit


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

    def test_redacts_what_kubectl_prints(self):
        """Lists of kubectl have no resourceVersion, and may come through a pipe."""
        with open(os.path.join(self.RECORDED, 'coditect', 'initial.json'), encoding='utf8') as file:
            document = json.load(file)
        document['metadata'] = {'resourceVersion': ''}
        printed = json.dumps(document, indent=4, sort_keys=True)
        saved = self.file('kubectl.json', printed)
        small = podfit('snapshot', '--redact', '--snapshot', saved)
        self.assertEqual((small.status, small.err), (0, ''))
        self.assertEqual(podfit('snapshot', '--redact', '--snapshot', '-', stdin=printed).out, small.out)
        wanted, got = (podfit('nodes', '-o', 'json', '--snapshot', path).out for path in (saved, self.file('small.json', small.out)))
        self.assertEqual(got, wanted)

    def test_what_cannot_be_rewritten(self):
        for text, message in [('{"items":[{"kind":"List","items":[]}]}', 'a list in a list'), ('{"kind":"NodeList","items":[{"metadata":{}}]}', 'an object without a kind'),
                              ('{"items":[', 'the list is cut off after'), ('{"kind":"Status"}', 'it has no items')]:
            with self.subTest(text=text):
                result = podfit('snapshot', '--snapshot', '-', stdin=text)
                self.assertEqual(result.status, 2)
                self.assertIn("cannot rewrite snapshot '-', which must be a JSON list: ", result.err)
                self.assertIn(message, result.err)

    def test_full_disk(self):
        whole = os.path.join(self.RECORDED, 'coditect', 'initial.json')
        with open('/dev/full', 'wb') as full:
            run = subprocess.run([PODFIT, 'snapshot', '--snapshot', whole], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual((run.returncode, run.stderr), (2, b'podfit: cannot write the snapshot: No space left on device\n'))

    def test_nodes(self):
        document = json.loads(podfit('nodes', '--snapshot', 'example', '-o', 'json').out)
        self.assertEqual((document['apiVersion'], document['kind']), ('podfit.io/v1', 'NodeList'))
        names = [item['name'] for item in document['items']]
        self.assertEqual(names, sorted(names))
        table = podfit('nodes', '--snapshot', 'example').out
        self.assertEqual([line.split()[0] for line in table.strip().split('\n')], ['NODE'] + names)
        self.assertNotIn('\033', table)
        self.usage_error("option '--watch' needs a living cluster", 'nodes', '--snapshot', 'example', '--watch')

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


if __name__ == '__main__':
    main()
