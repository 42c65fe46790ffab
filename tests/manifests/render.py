"""What the tests of the manifests share: rendering with kustomize and helm, and finding objects in what came out. Needs python3-yaml."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MANIFESTS = os.path.join(ROOT, 'manifests')
CHART = os.path.join(MANIFESTS, 'helm', 'podfit')
BINARY = os.environ.get('PODFIT', '')
SKIPPED = 77


def tools():
    """The folder with helm and kustomize; ends the program as ctest's "skipped" where they cannot be had (never in CI)."""
    result = subprocess.run([os.path.join(ROOT, 'scripts', 'lib', 'tools')], stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        sys.exit(result.returncode)
    return result.stdout.strip()


class Tools:
    folder = ''


def run(args, **options):
    result = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=60, **options)
    return result.returncode, result.stdout, result.stderr


def tool(name, *args):
    """Exit status, standard output, standard error."""
    return run([os.path.join(Tools.folder, name), *args])


def load(text):
    return [d for d in yaml.safe_load_all(text) if d is not None]


def kustomize(folder):
    """Objects of a kustomization; folder from manifests/."""
    code, out, err = tool('kustomize', 'build', os.path.join(MANIFESTS, folder))
    if code != 0:
        raise AssertionError('kustomize build %s: %s' % (folder, err))
    return load(out)


def kustomize_with(files):
    """Objects of kustomizations made for a test: {path: content}, the first is built. MANIFESTS in a content is a relative path to manifests/."""
    work = tempfile.mkdtemp(prefix='podfit-kustomize-')
    try:
        for path, content in files.items():
            target = os.path.join(work, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, 'w', encoding='utf-8') as f:
                f.write(content.replace('MANIFESTS', os.path.relpath(MANIFESTS, os.path.dirname(target))))
        return kustomize(os.path.join(work, os.path.dirname(next(iter(files)))))
    finally:
        shutil.rmtree(work)


def with_components(*names, resources=(), extra=None):
    """The base with components, as an overlay of a user would have it."""
    body = {'resources': ['MANIFESTS/base', *resources], 'components': ['MANIFESTS/components/' + n for n in names]}
    return kustomize_with({'overlay/kustomization.yaml': yaml.safe_dump(body), **(extra or {})})


def helm_template(*args, release='podfit', namespace='podfit-system'):
    """Exit status, objects, standard error."""
    code, out, err = tool('helm', 'template', release, CHART, '--namespace', namespace, *args)
    return code, load(out) if code == 0 else [], err


def key(obj):
    meta = obj['metadata']
    return obj['apiVersion'].split('/')[0], obj['kind'], meta.get('namespace', ''), meta['name']


def one(objects, kind, name=None):
    found = [o for o in objects if o['kind'] == kind and name in (None, o['metadata']['name'])]
    if len(found) != 1:
        raise AssertionError('%d objects of kind %s named %s' % (len(found), kind, name))
    return found[0]


def pod_spec(objects):
    return one(objects, 'Deployment')['spec']['template']['spec']


def flags(objects):
    """The arguments of the container: {'--config': '/etc/...', ...}"""
    args = pod_spec(objects)['containers'][0]['args']
    assert args[0] == 'serve', args
    return dict((a.split('=', 1) + [''])[:2] for a in args[1:])


def walk(value, path=''):
    """Every (path, scalar) of a document."""
    if isinstance(value, dict):
        for k, v in value.items():
            yield from walk(v, '%s/%s' % (path, k))
    elif isinstance(value, list):
        for i, v in enumerate(value):
            yield from walk(v, '%s/%d' % (path, i))
    else:
        yield path, value


def main():
    Tools.folder = tools()
    unittest.main(verbosity=1)
