#!/usr/bin/env python3
"""man_test.py PODFIT SOURCE_DIR [TEST...]: manual pages: one for each command, with all its options, without a warning of man and mandoc."""
import os
import re
import subprocess
import sys
import tempfile
import unittest

import need

PODFIT = os.path.abspath(sys.argv[1])
SOURCE = os.path.abspath(sys.argv[2])


def run(*command, status=0):
    done = subprocess.run(command, capture_output=True, timeout=120, text=True, check=False, env=dict(os.environ, MANWIDTH='200', LC_ALL='C.UTF-8', MANROFFOPT='-c'))
    if done.returncode != status:
        raise AssertionError('%r: status %d\n%s%s' % (command, done.returncode, done.stdout, done.stderr))
    return done


def commands(*words):
    """Every command with the text of its help, subcommands included."""
    text = run(PODFIT, *words, '--help').stdout
    found = {words: text}
    listed = re.search(r'^Commands:\n((?:  .*\n)+)', text, re.M)
    for name in re.findall(r'^  (\S+)', listed.group(1), re.M) if listed else []:
        found.update(commands(*words, name))
    return found


def plain(text):
    return ' '.join(re.sub('.\b', '', text).split())


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        cls.said = run(PODFIT, 'help', 'man', '--folder', cls.folder)
        cls.tree = commands()

    def path(self, words):
        return os.path.join(self.folder, '-'.join(('podfit',) + words) + '.1')

    def test_a_page_for_each_command_and_no_other(self):
        self.assertEqual((self.said.stdout, self.said.stderr), ('', ''))
        self.assertGreater(len(self.tree), 15)
        self.assertEqual({os.path.join(self.folder, name) for name in os.listdir(self.folder)}, {self.path(words) for words in self.tree})

    def test_date_is_of_the_changes_or_the_commit(self):
        """Nobody writes it by hand: a release has the date of its heading, else it is a day or, without git, nothing."""
        with open(os.path.join(SOURCE, 'CHANGELOG.md'), encoding='utf8') as file:
            heading = re.search(r'^## \S+ \((.*)\)$', file.read(), re.M).group(1)
        date = re.search(r'^\.TH \S+ 1 "([^"]*)" "podfit ', run(PODFIT, 'man').stdout, re.M).group(1)
        if heading == 'unreleased':
            self.assertRegex(date, r'^(20\d\d-[01]\d-[0-3]\d)?$')
        else:
            self.assertEqual(date, heading)

    def test_printed_is_what_is_written(self):
        for words in self.tree:
            with self.subTest(words), open(self.path(words), encoding='utf8') as file:
                self.assertEqual(run(PODFIT, 'help', 'man', *words).stdout, file.read())
                self.assertEqual(run(PODFIT, 'man', *words).stdout, run(PODFIT, 'help', 'man', *words).stdout)

    def test_man_shows_it_all_without_a_warning(self):
        need.program('man')
        need.program('groff')
        for words, text in self.tree.items():
            with self.subTest(words):
                shown = run('man', '--warnings', '-l', self.path(words))
                self.assertEqual(shown.stderr, '')
                shown = plain(shown.stdout)
                for option in re.findall(r'^ +(?:-\w, )?(--[a-z-]+)', text, re.M):
                    self.assertIn(option, shown)
                examples = re.search(r'^Examples:\n((?:  .*\n)+)', text, re.M).group(1)
                for line in examples.splitlines():
                    self.assertIn(plain(line), shown)
                about = re.search(r'\n\n(.*?)\n\n', text, re.S).group(1)
                self.assertIn(plain(about), shown)

    def test_mandoc_has_nothing_to_say(self):
        need.program('mandoc')
        for words in self.tree:
            with self.subTest(words):
                self.assertEqual(run('mandoc', '-T', 'lint', '-W', 'warning', self.path(words)).stdout, '')

    def test_references_lead_somewhere(self):
        for words in self.tree:
            with open(self.path(words), encoding='utf8') as file:
                for name in re.findall(r'^\.BR (\S+) \(1\)', file.read(), re.M):
                    self.assertTrue(os.path.exists(os.path.join(self.folder, name + '.1')), name)

    def test_version(self):
        version = run(PODFIT, 'version').stdout.split()[1]
        self.assertRegex(run(PODFIT, 'man').stdout, r'^\.TH PODFIT 1 "[^"]*" "podfit %s" "podfit manual"\n' % re.escape(version))

    def test_refusals(self):
        for args, message in ((('nonsense',), "unknown command 'nonsense'"), (('check', 'more'), "unknown command 'more'"),
                              (('--folder', '/nonexistent/folder'), '/nonexistent/folder/podfit.1'), (('--folder', self.folder, 'check'), "leave out 'check'"),
                              (('a', 'b', 'c'), "superfluous argument 'c'")):
            with self.subTest(args):
                self.assertIn(message, run(PODFIT, 'help', 'man', *args, status=2).stderr)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:])
