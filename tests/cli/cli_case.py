"""What the tests of the command line share: running podfit as whoever uses it does, small objects, and what every output must be. argv: PODFIT SOURCE_DIR [TEST...]"""
import json
import os
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


def main():
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:])
