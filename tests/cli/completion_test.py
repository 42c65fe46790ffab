#!/usr/bin/env python3
"""completion_test.py PODFIT SOURCE_DIR [TEST...]: completion, asked directly and typed into a real bash, zsh and fish."""
import os
import re
import subprocess
import sys
import tempfile
import unittest

import need
from shell import Shell

PODFIT = os.path.abspath(sys.argv[1])
SOURCE = os.path.abspath(sys.argv[2])
FILES, NO_FILES, FOLDERS = 0, 4, 16


def ask(*words):
    """@return candidates, directive"""
    run = subprocess.run([PODFIT, '__complete', *words], capture_output=True, timeout=60, check=True, text=True)
    assert run.stderr == '', run.stderr
    *lines, last = run.stdout.splitlines()
    return [line.split('\t')[0] for line in lines], int(last.lstrip(':'))


def commands(*words):
    """Map from the words of a command to the options that its help has; walked through the lists of commands."""
    text = subprocess.run([PODFIT, *words, '--help'], capture_output=True, timeout=60, check=True, text=True).stdout
    listed = re.search(r'^Commands:\n((?:  .*\n)+)', text, re.M)
    found = {words: set(re.findall(r'^ +(?:-\w, )?--([a-z-]+)', text, re.M))}
    for name in re.findall(r'^  (\S+)', listed.group(1), re.M) if listed else []:
        found.update(commands(*words, name))
    return found


class Asked(unittest.TestCase):
    def test_table(self):
        formats = ['table', 'json', 'yaml']
        rows = [
            ('a command', ('ch',), ['check'], NO_FILES),
            ('a subcommand', ('certs', 'c'), ['create'], NO_FILES),
            ('no such command', ('nonsense', ''), [], NO_FILES),
            ('below a command that has none', ('check', 'help'), [], NO_FILES),
            ('an option', ('check', '--o'), ['--output'], NO_FILES),
            ('values', ('check', '--output', ''), formats, NO_FILES),
            ('a value begun', ('check', '--output', 'j'), ['json'], NO_FILES),
            ('values behind =', ('check', '--output='), ['--output=' + f for f in formats], NO_FILES),
            ('a value behind the letter', ('check', '-oy'), ['-oyaml'], NO_FILES),
            ('values after the letter', ('check', '-o', ''), formats, NO_FILES),
            ('a file', ('check', '--config', ''), [], FILES),
            ('a file behind =', ('check', '--config=ex'), [], FILES),
            ('a file as an argument', ('config', 'check', ''), [], FILES),
            ('a folder', ('serve', '--cert-dir', ''), [], FOLDERS),
            ('a folder as an argument', ('certs', 'create', ''), [], FOLDERS),
            ('neither', ('check', '--namespace', ''), [], NO_FILES),
            ('a flag takes no word', ('check', '--explain', '--outp'), ['--output'], NO_FILES),
            ('a flag has values', ('check', '--explain='), ['--explain=true', '--explain=false'], NO_FILES),
            ('given once', ('check', '-o', 'json', '--o'), [], NO_FILES),
            ('may be given again', ('check', '-f', 'a', '--fi'), ['--file'], NO_FILES),
            ('a value that looks like an option', ('check', '--config', '--o'), [], FILES),
            ('arguments only', ('config', 'check', '--', '--h'), [], FILES),
            ('help on', ('help', 'certs', 's'), ['show'], NO_FILES),
            ('manual of', ('help', 'man', 'ch'), ['check'], NO_FILES),
            ('names of shells', ('completion', ''), ['bash', 'zsh', 'fish', 'kubectl'], NO_FILES),
            ('a key of the configuration', ('config', 'explain', 'classes.onF'), ['classes.onFull'], NO_FILES),
            ('a key and those below it', ('config', 'explain', 'classes.match.name'), ['classes.match.namespaces', 'classes.match.namespaceSelector'], NO_FILES),
            ('no such key', ('config', 'explain', 'nonsense.'), [], NO_FILES),
            ('the hidden word is not offered', ('__',), [], NO_FILES),
            ('any bytes', ('check', '--\x01\x7f=\xff', '-'), None, NO_FILES),
        ]
        for name, words, wanted, directive in rows:
            with self.subTest(name):
                got = ask(*words)
                self.assertEqual(got[1], directive)
                if wanted is not None:
                    self.assertEqual(got[0], wanted)

    def test_nothing_is_the_empty_word(self):
        self.assertEqual(ask(), ask(''))

    def test_every_option_of_every_command(self):
        tree = commands()
        self.assertGreater(len(tree), 15)
        for words, options in tree.items():
            with self.subTest(words):
                if len([1 for other in tree if other[:len(words)] == words]) > 1:
                    below = {other[-1] for other in tree if other[:-1] == words and other}
                    self.assertEqual(set(ask(*words, '')[0]), below | {'help'})
                else:
                    self.assertEqual(set(ask(*words, '-')[0]), {'--' + option for option in options})

    def test_every_key_of_the_configuration(self):
        """What is offered is what `config explain` knows: every row of the document."""
        document = subprocess.run([PODFIT, 'config', 'document'], capture_output=True, timeout=60, check=True, text=True).stdout
        keys = ask('config', 'explain', '')[0]
        documented = re.findall(r'^\| `([^`]+)` \|', document, re.M)
        self.assertEqual(keys, [key.replace('[]', '') for key in documented])
        for key in keys:
            with self.subTest(key):
                run = subprocess.run([PODFIT, 'config', 'explain', key], capture_output=True, timeout=60, check=True, text=True)
                self.assertTrue(run.stdout.startswith(key + ': '), run.stdout)

    def test_unknown_shell(self):
        run = subprocess.run([PODFIT, 'completion', 'tcsh'], capture_output=True, timeout=60, text=True, check=False)
        self.assertEqual((run.returncode, run.stdout), (2, ''))
        self.assertIn("unknown shell 'tcsh', allowed: bash, zsh, fish, kubectl", run.stderr)


class Typed(unittest.TestCase):
    """In a folder with one file and one folder; the prompt is known, so that the line behind it can be."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = folder.name
        for name in ('bin', 'some-folder'):
            os.mkdir(os.path.join(self.home, name))
        open(os.path.join(self.home, 'some-pods.yaml'), 'w', encoding='utf8').close()
        for name in ('podfit', 'kubectl-podfit'):
            os.symlink(PODFIT, os.path.join(self.home, 'bin', name))
        self.env = {'HOME': self.home, 'PATH': '%s/bin:%s' % (self.home, os.environ['PATH']), 'TERM': 'xterm', 'LC_ALL': 'C.UTF-8', 'COLUMNS': '120',
                    'INPUTRC': '/dev/null', 'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', ''), 'PODFIT': PODFIT}

    def write(self, name, *lines):
        path = os.path.join(self.home, name)
        with open(path, 'w', encoding='utf8') as file:
            file.write('\n'.join(lines) + '\n')
        return path

    def expand(self, shell, rows):
        """Type a line and one tab; see what the line becomes; wipe it."""
        for typed, wanted in rows:
            with self.subTest(typed):
                shell.type(typed + '\t')
                shell.wait_for(wanted)
                shell.type('\x15')

    def test_bash(self):
        need.program('bash')
        rc = self.write('rc', "PS1='> '", 'bind "set enable-bracketed-paste off"', 'bind "set bell-style none"', 'cd "$HOME"', 'source <(podfit completion bash)',
                        'echo ready')
        with Shell(['bash', '--noprofile', '--rcfile', rc, '-i'], self.env) as shell:
            shell.wait_for('ready')
            self.expand(shell, [
                ('podfit ch', 'check '), ('podfit check --o', '--output '), ('podfit check --output j', 'json '), ('podfit check --output=j', '=json '),
                ('podfit check -f some-p', 'some-pods.yaml '), ('podfit check --config=some-p', 'some-pods.yaml '),
                ('podfit serve --cert-dir some-', 'some-folder/'), ('kubectl-podfit ver', 'version '), ('podfit config explain classes.onF', 'classes.onFull ')])
            shell.type('podfit check --output \t\t')
            shell.wait_for('json', 'table', 'yaml')

    def test_zsh(self):
        need.program('zsh')
        self.write('.zshrc', "PS1='> '", 'unsetopt zle_bracketed_paste beep', 'cd "$HOME"', 'autoload -Uz compinit && compinit -u -D', 'source <(podfit completion zsh)',
                   'echo ready')
        with Shell(['zsh', '-i'], dict(self.env, ZDOTDIR=self.home)) as shell:
            shell.wait_for('ready')
            self.expand(shell, [
                ('podfit ch', 'check'), ('podfit check --o', '--output'), ('podfit check --output j', 'json'), ('podfit check --output=j', '=json'),
                ('podfit check -f some-p', 'some-pods.yaml'), ('podfit check --config=some-p', 'some-pods.yaml'),
                ('podfit serve --cert-dir some-', 'some-folder/'), ('kubectl-podfit ver', 'version'), ('podfit config explain classes.onF', 'classes.onFull')])
            shell.type('podfit check --output \t')
            shell.wait_for('json', 'table', 'yaml')

    def fish(self, line):
        script = 'cd $HOME; podfit completion fish | source; complete --do-complete "%s"' % line
        run = subprocess.run(['fish', '--no-config', '--command', script], env=self.env, capture_output=True, timeout=120, text=True, check=True)
        self.assertEqual(run.stderr, '')
        return [found.split('\t')[0] for found in run.stdout.splitlines()]

    def test_fish(self):
        need.program('fish')
        for line, wanted in (('podfit ch', ['check']), ('podfit check --o', ['--output']), ('podfit check --output ', ['json', 'table', 'yaml']),
                             ('podfit check --output=j', ['--output=json']), ('podfit check -f some-p', ['some-pods.yaml']),
                             ('podfit check --config=some-p', ['--config=some-pods.yaml']), ('podfit serve --cert-dir some-', ['some-folder/']),
                             ('kubectl-podfit ver', ['version']), ('podfit config explain classes.onF', ['classes.onFull'])):
            with self.subTest(line):
                self.assertEqual(sorted(self.fish(line)), wanted)

    def test_kubectl(self):
        """kubectl runs kubectl_complete-podfit with the words behind 'kubectl podfit' and reads Cobra's answer."""
        path = os.path.join(self.home, 'bin', 'kubectl_complete-podfit')
        with open(path, 'wb') as file:
            subprocess.run([PODFIT, 'completion', 'kubectl'], stdout=file, timeout=60, check=True)
        os.chmod(path, 0o755)
        run = subprocess.run([path, 'check', '--output', 't'], env=self.env, capture_output=True, timeout=60, text=True, check=True)
        self.assertEqual((run.stdout, run.stderr), ('table\t\n:4\n', ''))


class Scripts(unittest.TestCase):
    def test_bash_is_clean(self):
        need.program('shellcheck')
        folder = os.path.join(SOURCE, 'src', 'cli', 'completion')
        run = subprocess.run(['shellcheck', '--shell=bash', os.path.join(folder, 'podfit.bash'), os.path.join(folder, 'kubectl_complete-podfit')], capture_output=True,
                             timeout=120, text=True, check=False)
        self.assertEqual((run.returncode, run.stdout), (0, ''))


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:])
