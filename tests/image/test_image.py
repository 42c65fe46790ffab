"""The image: the Dockerfile built without a registry, started as Kubernetes would start it, and asked a review.

buildah builds it with --isolation chroot, so that no container runtime and no daemon is needed; the base image is made by debootstrap and committed under
the Dockerfile's own base name. Debian's packages come through this machine's own apt configuration. Needs root, buildah and debootstrap; ends as ctest's
"skipped" without them, which CI=true forbids.
"""
import base64
import hashlib
import http.client
import json
import os
import re
import shutil
import ssl
import stat
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get('PODFIT', '')
CACHE = os.path.join(os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'podfit', 'image')
SUITE = 'bookworm'
BASE = 'debian:bookworm-slim'
BASE_SECONDS = 7 * 86400
UID = 65532
MAX_BYTES = 64 << 20
SKIPPED = 77


def require_tools():
    missing = [t for t in ('buildah', 'debootstrap', 'unshare', 'setpriv') if shutil.which(t) is None]
    why = "'%s' missing, see scripts/lib/install --ci" % ' '.join(missing) if missing else 'it needs root' if os.geteuid() != 0 else ''
    if why:
        print('image: not tested: %s' % why, file=sys.stderr)
        sys.exit(1 if os.environ.get('CI') == 'true' else SKIPPED)


def output(args, **options):
    result = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **options)
    if result.returncode != 0:
        raise AssertionError('%s: exit status %d: %s' % (' '.join(args), result.returncode, (result.stdout + result.stderr)[-3000:]))
    return result.stdout


def mirror():
    """Where this machine gets Debian from."""
    lines = output(['apt-get', 'indextargets', '--format', '$(CODENAME) $(SITE)', 'Created-By: Packages']).split('\n')
    sites = [line.split()[1] for line in lines if line.startswith(SUITE + ' ')]
    if not sites:
        raise AssertionError("apt knows no source of '%s' on this machine" % SUITE)
    return sites[0]


def make_base(archive):
    """A minimal Debian with this machine's ways to packages, as a tar archive."""
    with tempfile.TemporaryDirectory(prefix='podfit-base-') as work:
        output(['debootstrap', '--variant=minbase', SUITE, work, mirror()], timeout=600)
        acquire = [line for line in output(['apt-config', 'dump', 'Acquire']).split('\n') if re.match(r'Acquire::https?::', line)]
        with open(os.path.join(work, 'etc/apt/apt.conf.d/00machine'), 'w', encoding='utf-8') as f:
            f.write('\n'.join(acquire) + '\n')
        shutil.rmtree(os.path.join(work, 'var/cache/apt/archives'))
        output(['tar', '--create', '--file', archive + '.new', '--directory', work, '.'])
    os.replace(archive + '.new', archive)


def base_archive():
    """The base is kept for a week, outside the tree."""
    os.makedirs(os.path.join(CACHE, 'apt', 'partial'), exist_ok=True)
    archive = os.path.join(CACHE, 'base-%s-%s.tar' % (SUITE, hashlib.sha256(mirror().encode()).hexdigest()[:12]))
    if not os.path.exists(archive) or time.time() - os.path.getmtime(archive) > BASE_SECONDS:
        make_base(archive)
    return archive


class Storage:
    """Images of this test alone, in a folder that goes with it."""

    def __init__(self, folder):
        self.folder = folder
        conf = os.path.join(folder, 'storage.conf')
        with open(conf, 'w', encoding='utf-8') as f:
            f.write('[storage]\ndriver = "vfs"\ngraphroot = "%s/graph"\nrunroot = "%s/run"\n' % (folder, folder))
        self.environment = {**os.environ, 'CONTAINERS_STORAGE_CONF': conf, 'STORAGE_DRIVER': 'vfs', 'PODFIT_BUILDER': 'buildah'}

    def buildah(self, *args):
        return output(['buildah', *args], env=self.environment, timeout=300).strip()

    def commit_base(self, archive):
        container = self.buildah('from', '--pull-never', 'scratch')
        output(['tar', '--extract', '--file', archive, '--directory', self.buildah('mount', container)])
        self.buildah('umount', container)
        self.buildah('commit', '--quiet', '--rm', container, BASE)

    def build(self, tag):
        apt = '%s:/var/cache/apt/archives:rw' % os.path.join(CACHE, 'apt')
        output([os.path.join(ROOT, 'scripts', 'image'), '--tag', tag, '--isolation', 'chroot', '--pull-never', '--volume', apt],
               env=self.environment, timeout=900)

    def extract(self, tag, target):
        container = self.buildah('from', '--pull-never', tag)
        output(['cp', '--archive', self.buildah('mount', container) + '/.', target])
        self.buildah('rm', container)

    def config(self, tag):
        return json.loads(self.buildah('inspect', '--type', 'image', tag))['OCIv1']


def files(root):
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            yield '/' + os.path.relpath(path, root), os.lstat(path)


class Server:
    """podfit in the extracted image: another user, no privileges to gain, a root file system that nothing can write to."""

    def __init__(self, root, arguments):
        script = ('mount --bind "$0" "$0" && mount --rbind /proc "$0/proc" && mount -o remount,bind,ro "$0" && '
                  'exec setpriv --no-new-privs chroot --userspec=%d:%d "$0" /usr/bin/podfit "$@"' % (UID, UID))
        self.process = subprocess.Popen(['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, root, *arguments],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def address(self):
        """From its log: podfit VERSION serves https://IP:PORT/mutate."""
        seen = []
        for line in self.process.stderr:
            seen.append(line)
            found = re.search(r'serves https://([0-9.]+):(\d+)/mutate', line)
            if found:
                return found.group(1), int(found.group(2))
        raise AssertionError('podfit ended: ' + ''.join(seen)[-2000:])

    def credentials(self):
        with open('/proc/%d/status' % self.process.pid, encoding='utf-8') as f:
            return dict(line.rstrip('\n').split(':\t', 1) for line in f if ':\t' in line)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self.process.stderr.close()


def ask(address, authority, review):
    context = ssl.create_default_context(cafile=authority)
    connection = http.client.HTTPSConnection(*address, timeout=10, context=context)
    connection.request('POST', '/mutate?timeout=3s', review, {'Content-Type': 'application/json'})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.mkdtemp(prefix='podfit-image-')
        cls.addClassCleanup(shutil.rmtree, cls.work, ignore_errors=True)
        started = time.monotonic()
        storage = Storage(cls.work)
        archive = base_archive()
        based = time.monotonic()
        storage.commit_base(archive)
        storage.build('podfit:test')
        cls.image = storage.config('podfit:test')
        cls.root = os.path.join(cls.work, 'root')
        os.mkdir(cls.root)
        storage.extract('podfit:test', cls.root)
        print('image: base %.0f s, build %.0f s' % (based - started, time.monotonic() - based))

    def sbom(self):
        text = output([os.path.join(ROOT, 'scripts', 'sbom'), self.root, 'podfit', '0.1.0'])
        return json.loads(text)

    def test_configuration(self):
        config = self.image['config']
        self.assertEqual(config['User'], '%d:%d' % (UID, UID))
        self.assertEqual((config['Entrypoint'], config['Cmd']), (['/usr/bin/podfit'], ['serve']))
        self.assertEqual(config['Labels']['org.opencontainers.image.title'], 'podfit')
        self.assertNotIn('Healthcheck', config)
        self.assertEqual(config['StopSignal'], 'SIGTERM')

    def test_size_and_packages(self):
        total = sum(status.st_size for _, status in files(self.root))
        packages = [(p['name'], p['versionInfo']) for p in self.sbom()['packages']]
        print('image: %.1f MiB, %d packages' % (total / (1 << 20), len(packages)))
        for name, version in packages:
            print('image:   %s %s' % (name, version))
        self.assertLess(total, MAX_BYTES)
        self.assertIn('libmicrohttpd12', dict(packages))
        self.assertNotIn('bash', dict(packages))

    def test_bill_of_materials(self):
        bill = self.sbom()
        self.assertEqual(bill['spdxVersion'], 'SPDX-2.3')
        ids = [p['SPDXID'] for p in bill['packages']]
        self.assertEqual(len(set(ids)), len(ids))
        related = {r['relatedSpdxElement'] for r in bill['relationships']}
        self.assertEqual(related, set(ids))
        recorded = [os.path.basename(path) for path, _ in files(self.root) if path.startswith('/var/lib/dpkg/status.d/')]
        self.assertEqual(sorted(p['name'] for p in bill['packages']), sorted(recorded + ['podfit']))

    def test_nothing_to_abuse(self):
        for path, status in files(self.root):
            if stat.S_ISLNK(status.st_mode):
                continue
            self.assertEqual((status.st_uid, status.st_gid), (0, 0), path)
            self.assertFalse(status.st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWOTH), path)
        programs = [p for p, s in files(self.root) if stat.S_ISREG(s.st_mode) and '/bin/' in p]
        self.assertEqual(programs, ['/usr/bin/podfit'])

    def test_the_program_is_hardened(self):
        """Position-independent, relocations read-only from the start, no executable stack, checked buffers and stack frames."""
        text = output(['readelf', '--wide', '--file-header', '--program-headers', '--dynamic', '--dyn-syms', os.path.join(self.root, 'usr', 'bin', 'podfit')])
        for what, pattern in (('PIE', r'Type:\s+DYN'), ('read-only relocations', r'GNU_RELRO'), ('no lazy binding', r'\bBIND_NOW\b|FLAGS_1.*\bNOW\b'),
                              ('a stack without code', r'GNU_STACK\s+(\S+\s+){5}RW\s'), ('stack protector', r'__stack_chk_fail'), ('fortified calls', r'\b__\w+_chk@')):
            with self.subTest(what):
                self.assertRegex(text, pattern)

    def certificates(self, root):
        """Mounted in a cluster; here they lie in a copy of the image, readable for podfit's user."""
        made = os.path.join(self.work, 'certs')
        output([BINARY, 'certs', 'create', made, '--dns', 'localhost', '--ip', '127.0.0.1'])
        mounted = os.path.join(root, 'etc', 'podfit-tls')
        os.mkdir(mounted)
        for name in ('tls.crt', 'tls.key'):
            shutil.copyfile(os.path.join(made, name), os.path.join(mounted, name))
            os.chown(os.path.join(mounted, name), UID, UID)
            os.chmod(os.path.join(mounted, name), 0o400)
        return os.path.join(made, 'ca-bundle.crt')

    def test_it_answers_a_review(self):
        root = os.path.join(self.work, 'running')
        shutil.copytree(self.root, root, symlinks=True)
        authority = self.certificates(root)
        os.mkdir(os.path.join(root, 'proc'))
        server = Server(root, ['serve', '--listen=127.0.0.1:0', '--ops-listen=127.0.0.1:0', '--tls-cert=/etc/podfit-tls/tls.crt',
                                    '--tls-key=/etc/podfit-tls/tls.key', '--shutdown-delay=0s', '--audit-log=-', '--log-format=json'])
        try:
            address = server.address()
            process = server.credentials()
            self.assertEqual((process['Uid'].split(), process['Gid'].split()), ([str(UID)] * 4, [str(UID)] * 4))
            self.assertEqual((int(process['CapEff'], 16), process['NoNewPrivs']), (0, '1'))
            with open('/proc/%d/mountinfo' % server.process.pid, encoding='utf-8') as f:
                self.assertTrue(any(line.split()[4] == '/' and 'ro' in line.split()[5].split(',') for line in f), 'the root is not read-only')
            with open(os.path.join(ROOT, 'examples', 'reviews', '01-last-pod-slot.json'), 'rb') as f:
                status, body = ask(address, authority, f.read())
            self.assertEqual(status, 200)
            response = json.loads(body)['response']
            self.assertTrue(response['allowed'])
            patch = json.loads(base64.b64decode(response['patch']))
            self.assertTrue(any('200Mi' in json.dumps(p) for p in patch), patch)
        finally:
            ended = server.stop()
        self.assertEqual(ended, 0)


if __name__ == '__main__':
    require_tools()
    unittest.main(verbosity=1)
