#!/usr/bin/env python3
"""schema_test.py PODFIT SOURCE_DIR [TEST...]: the configuration's JSON Schema: it has every key of the option table, takes every example, and what it refuses podfit
refuses, too."""
import copy
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

import need

PODFIT = os.path.abspath(sys.argv[1])
SOURCE = os.path.abspath(sys.argv[2])
WRONG = {'boolean': 'perhaps', 'integer': 'many', 'duration': '60 s', 'string': {'a': 1}, 'enum': 'nonsense', 'list of strings': 'one', 'map of strings': ['a'],
         'object': 'none', 'list of objects': {}, 'label selector': {'matchLabel': {}}, 'value': True}
KINDS = {'boolean': 'boolean', 'integer': 'integer', 'duration': 'string', 'string': 'string', 'enum': 'string', 'list of strings': 'array', 'map of strings': 'object',
         'object': 'object', 'list of objects': 'array', 'label selector': 'object'}


def podfit(*args):
    return subprocess.run([PODFIT, *args], capture_output=True, timeout=60, text=True, check=False)


def option_table():
    """Rows of `podfit config document`: path, type, default, allowed, sentence."""
    rows = []
    for line in podfit('config', 'document').stdout.splitlines()[2:]:
        cells = [cell.strip() for cell in re.split(r'(?<!\\)\|', line)[1:-1]]
        rows.append([cells[0].strip('`')] + cells[1:3] + [cell.replace('\\|', '|') for cell in cells[3:]])
    return rows


def configurations():
    """Every PodfitConfiguration in the tree, with its place."""
    for folder in ('examples', 'manifests', 'tests/cases'):
        for path in sorted(glob.glob(os.path.join(SOURCE, folder, '**', '*.yaml'), recursive=True)):
            with open(path, encoding='utf8') as file:
                text = file.read()
            if re.search(r'^kind: PodfitConfiguration', text, re.M):
                yield path, text
    for path in [os.path.join(SOURCE, 'README.md')] + sorted(glob.glob(os.path.join(SOURCE, 'docs', '*.md'))):
        with open(path, encoding='utf8') as file:
            for text in re.findall(r'^```yaml\n(.*?)^```$', file.read(), re.M | re.S):
                if 'kind: PodfitConfiguration' in text:
                    yield path, text


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = podfit('config', 'schema').stdout
        cls.schema = json.loads(cls.text)

    def problems(self, value):
        jsonschema = need.module('jsonschema')
        return ['%s: %s' % (error.json_path, error.message) for error in jsonschema.Draft7Validator(self.schema).iter_errors(value)]

    def at(self, path):
        """The schema of a key as `podfit config document` writes it."""
        node, required = self.schema, False
        for word in path.split('.'):
            key = word[:-2] if word.endswith('[]') else word
            required = key in node['required']
            node = node['properties'][key]
            node = node['items'] if word.endswith('[]') else node
        return node, required

    def test_is_a_schema(self):
        need.module('jsonschema').Draft7Validator.check_schema(self.schema)

    def test_the_committed_one_is_this_one(self):
        with open(os.path.join(SOURCE, 'examples', 'config.schema.json'), encoding='utf8') as file:
            self.assertEqual(file.read(), self.text, 'run tests/docs/check_docs --update')

    def test_has_the_option_table(self):
        rows = option_table()
        self.assertGreater(len(rows), 30)
        for path, kind, default, allowed, sentence in rows:
            with self.subTest(path):
                node, required = self.at(path)
                self.assertEqual(node['description'].split('\n')[0], sentence)
                self.assertEqual(required, default == 'required')
                self.assertEqual(str(node.get('default', '')), '' if default in ('', 'required') else str(yaml.safe_load(default.strip('`'))))
                if kind in KINDS:
                    self.assertEqual(node['type'], KINDS[kind] if default else [KINDS[kind], 'null'])
                if kind == 'enum':
                    self.assertEqual('one of ' + ', '.join(node['enum']), allowed)
                bounds = re.fullmatch(r'an integer from (\d+) to (\d+)', allowed)
                if bounds:
                    self.assertEqual((node['minimum'], node['maximum']), tuple(map(int, bounds.groups())))

    def test_has_no_other_key(self):
        def keys(node, path):
            for key, value in node.get('properties', {}).items():
                here = path + [key]
                yield '.'.join(here)
                listed = 'array' in value.get('type', '')
                below = value['items'] if listed else value
                if 'additionalProperties' in below and 'required' in below:
                    yield from keys(below, path + [key + ('[]' if listed else '')])
        self.assertEqual(sorted(keys(self.schema, [])), sorted(row[0] for row in option_table()))

    def test_takes_every_example(self):
        found = list(configurations())
        self.assertGreaterEqual(len(found), 5)
        for path, text in found:
            with self.subTest(path):
                self.assertEqual(self.problems(yaml.safe_load(text)), [])

    def test_takes_what_podfit_prints(self):
        self.assertEqual(self.problems(yaml.safe_load(podfit('config', 'show').stdout)), [])

    def test_examples_name_it(self):
        for path in [os.path.join(SOURCE, 'examples', 'config.yaml')] + glob.glob(os.path.join(SOURCE, 'manifests', '**', 'podfit.yaml'), recursive=True):
            with open(path, encoding='utf8') as file:
                text = file.read()
            if re.search(r'^kind: PodfitConfiguration', text, re.M):
                with self.subTest(path):
                    line = re.search(r'^# yaml-language-server: \$schema=(\S+)$', text, re.M)
                    self.assertIsNotNone(line, 'it has no line # yaml-language-server: $schema=...')
                    self.assertTrue(os.path.samefile(os.path.join(os.path.dirname(path), line.group(1)), os.path.join(SOURCE, 'examples', 'config.schema.json')))

    def refused(self, value):
        """By podfit? It is asked with the value as JSON, which is YAML."""
        with tempfile.NamedTemporaryFile('w', suffix='.yaml', encoding='utf8') as file:
            json.dump(value, file)
            file.flush()
            return podfit('config', 'check', file.name).returncode == 1

    def broken(self):
        """Configurations with one wrong value each: for each key one of a wrong type, an unknown one beside it, and rows by hand."""
        base = yaml.safe_load(podfit('config', 'show').stdout)
        for path, kind, _, _, _ in option_table():
            for what, change in (('wrong', lambda node, key, kind=kind: node.update({key: WRONG[kind]})), ('unknown', lambda node, key: node.update({key + 'x': 1}))):
                value = copy.deepcopy(base)
                node = value
                *parents, last = path.split('.')
                for word in parents:
                    node = node[word[:-2]][0] if word.endswith('[]') else node.setdefault(word, {})
                change(node, last)
                yield '%s %s' % (what, path), value
        for name, text in (('no classes', 'classes: []'), ('no name', 'classes: [{}]'), ('a bad name', 'classes: [{name: "-a"}]'), ('a long name', 'classes: [{name: %s}]' % ('a' * 64)),
                           ('a taint without effect', 'classes: [{name: a, pool: {taint: b}}]'), ('percent over 100', 'classes: [{name: a, cpuRequestToLimitPercent: 101}]'),
                           ('a ratio below 1', 'classes: [{name: a, defaultQuotas: {mem_oc: 0.5}}]'), ('an unknown quota', 'classes: [{name: a, defaultQuotas: {memory: 5}}]'),
                           ('an unknown maximum', 'classes: [{name: a, maxUpgrades: {mem: 5}}]'), ('no version', 'classes: [{name: a}]\nfit: {kubernetesVersion: newest}'),
                           ('a gate that is no boolean', 'classes: [{name: a}]\nfit: {featureGates: {A: "yes"}}'), ('gate on never', 'classes: [{name: a, onNever: gate}]'),
                           ('an operator', 'classes: [{name: a, match: {podSelector: {matchExpressions: [{key: a, operator: Gt}]}}}]')):
            yield name, yaml.safe_load('apiVersion: config.podfit.io/v1\nkind: PodfitConfiguration\n' + text)

    def test_refuses_what_podfit_refuses(self):
        count = 0
        for name, value in self.broken():
            with self.subTest(name):
                self.assertTrue(self.refused(value), 'podfit takes it')
                self.assertNotEqual(self.problems(value), [], 'the schema takes it')
            count += 1
        self.assertGreater(count, 70)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:])
