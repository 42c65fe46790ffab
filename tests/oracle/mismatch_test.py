#!/usr/bin/env python3
"""mismatch_test.py BUILD: what the differential test leaves behind when podfit and kube-scheduler differ.

podfit's side lies (lying_peer), so the difference is made up: it has to be shrunk, told and written as a case folder on which `podfit check`, which does not
lie, says what kube-scheduler says. Exit status 77 without Go to build kube-scheduler with; 1 instead with CI=true."""
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, '..', '..')
CASE = {
    'name': 'a made-up difference',
    'pod': {'metadata': {'name': 'p', 'namespace': 'work'},
            'spec': {'containers': [{'name': 'c', 'image': 'registry.test/pause:1', 'resources': {'requests': {'cpu': '1'}}}]}},
    'nodes': [{'metadata': {'name': name}, 'status': {'allocatable': {'cpu': cpu, 'memory': '8Gi', 'pods': '110'}}}
              for name, cpu in (('large', '4'), ('small', '500m'))],
    'existing': [{'metadata': {'name': 'e', 'namespace': 'work', 'uid': 'uid-e'},
                  'spec': {'nodeName': 'large', 'containers': [{'name': 'c', 'image': 'registry.test/pause:1'}]}, 'status': {'phase': 'Running'}}],
    'scheduler': {'plugins': {'filter': {'disabled': [{'name': 'NodePorts'}]}}},
}


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=1500, check=False, **more)


class Mismatch(unittest.TestCase):
    build = ''

    @classmethod
    def setUpClass(cls):
        cls.room = tempfile.TemporaryDirectory()
        folder = cls.room.name
        with open(os.path.join(folder, 'cases.jsonl'), 'w', encoding='utf8') as file:
            file.write(json.dumps(CASE) + '\n')
        env = dict(os.environ, PODFIT_ORACLE_PEER=os.path.join(cls.build, 'tests', 'oracle', 'podfit-oracle-peer'))
        cls.done = run(os.path.join(ROOT, 'scripts', 'oracle'), '--build', cls.build, '--seeds', '0', '--all-reasons=false',
                       '--peer', os.path.join(HERE, 'lying_peer'), '--cases', os.path.join(folder, 'cases.jsonl'),
                       '--out', os.path.join(folder, 'found.jsonl'), env=env)
        if cls.done.returncode == 77:
            sys.exit(77)
        cls.case = os.path.join(folder, 'found', 'a-made-up-difference')

    @classmethod
    def tearDownClass(cls):
        cls.room.cleanup()

    def read(self, name):
        with open(os.path.join(self.case, name), encoding='utf8') as file:
            return json.load(file)

    def compare(self):
        return run(os.path.join(HERE, 'check_case'), os.path.join(self.build, 'podfit'), self.case)

    def test_it_is_told(self):
        self.assertEqual(self.done.returncode, 1, self.done)
        self.assertIn('DIFFERENCE a made-up difference', self.done.stdout)
        self.assertIn('case folder: ' + self.case, self.done.stdout)

    def test_it_is_small(self):
        names = [item['metadata']['name'] for item in self.read('cluster.json')['items'] if item['kind'] != 'Namespace']
        self.assertEqual(names, ['large'])
        self.assertNotIn('resources', self.read('review.json')['request']['object']['spec']['containers'][0])

    def test_its_folder_is_whole(self):
        self.assertTrue({'cluster.json', 'config.yaml', 'expect.json', 'review.json', 'scheduler-says.json', 'case.jsonl'} <= set(os.listdir(self.case)))
        self.assertEqual(self.read('expect.json'), {'status': 200, 'response': {'allowed': True}})
        self.assertEqual(self.read('scheduler-says.json')['fits'], {'large': True})

    def test_the_command_runs(self):
        command = re.search('by hand: podfit (.*)', self.done.stdout).group(1)
        done = run(os.path.join(self.build, 'podfit'), *shlex.split(command))
        self.assertEqual(done.returncode, 0, done)
        self.assertIn('fits', done.stdout)

    def test_check_case_agrees_and_differs(self):
        done = self.compare()
        self.assertEqual((done.returncode, done.stdout), (0, ''), done)
        path = os.path.join(self.case, 'scheduler-says.json')
        says = self.read('scheduler-says.json')
        try:
            with open(path, 'w', encoding='utf8') as file:
                json.dump(dict(says, fits={'large': False}, reasons={'large': ['Too many pods']}, message='0/1 nodes are available: 1 Too many pods.'), file)
            done = self.compare()
            self.assertEqual(done.returncode, 1, done)
            self.assertIn('large: fits is True', done.stdout)
        finally:
            with open(path, 'w', encoding='utf8') as file:
                json.dump(says, file)


if __name__ == '__main__':
    Mismatch.build = os.path.abspath(sys.argv.pop(1))
    unittest.main()
