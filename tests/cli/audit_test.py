#!/usr/bin/env python3
"""audit_test.py PODFIT SOURCE_DIR [TEST...]: `podfit audit` from the outside: summaries, filters, records, rotated files."""
import json

from cli_case import Case, main, node, podfit


class Audit(Case):
    LINES = [
        {'record': 'decision', 'time': '2026-11-22T01:00:00.000Z', 'class': 'projects', 'verdict': 'full', 'action': 'reject', 'namespace': 'cocalc', 'name': 'p-1',
         'message': '0/3 nodes are available: 3 Insufficient memory.', 'binding': 'memory'},
        {'record': 'decision', 'time': '2026-11-22T02:00:00.000Z', 'class': 'projects', 'verdict': 'never', 'action': 'reject', 'namespace': 'cocalc', 'name': 'p-2',
         'message': "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.", 'binding': 'NodeAffinity'},
        {'record': 'decision', 'time': '2026-11-22T03:00:00.000Z', 'class': 'ide', 'verdict': 'full', 'action': 'gate', 'namespace': 'coditect', 'name': 'w-1',
         'message': '0/3 nodes are available: 3 Too many pods.', 'binding': 'pods'},
    ]

    def log(self, name='audit.log', lines=None, tail=''):
        return self.file(name, ''.join(json.dumps(line) + '\n' for line in (self.LINES if lines is None else lines)) + tail)

    def summary(self, *args, **kwargs):
        result = podfit('audit', '-o', 'json', *args, **kwargs)
        self.assertEqual(result.status, 0, result.err)
        return json.loads(result.out)

    def test_summary(self):
        document = self.summary(self.log(tail='{"torn'))
        self.assertEqual((document['apiVersion'], document['kind'], document['decisions'], document['torn']), ('podfit.io/v1', 'AuditSummary', 3, 1))
        self.assertEqual([(r['key'], r['count']) for r in document['by']['verdict']], [('full', 2), ('never', 1)])
        self.assertEqual(list(document['by']), ['class', 'verdict', 'binding', 'namespace', 'owner', 'message'])
        table = podfit('audit', self.log()).out
        self.assertTrue(table.startswith('3 decisions from 2026-11-22T01:00:00.000Z to 2026-11-22T03:00:00.000Z\n'))
        self.assertIn('kind: AuditSummary\n', podfit('audit', self.log(), '-o', 'yaml').out)
        self.assertIn('and 1 more\n', podfit('audit', self.log(), '--top', '1').out)

    def test_filters(self):
        path = self.log()
        for args, count in [([], 3), (['--class', 'ide'], 1), (['-n', 'cocalc'], 2), (['--verdict', 'never'], 1), (['--cause', 'memory'], 1), (['--cause', 'Too many'], 1),
                            (['--since', '2026-11-22T02:00:00Z'], 2), (['--until', '2026-11-22T02:00:00Z'], 1), (['--since=2026-11-22'], 3), (['--since', '2026-11-23'], 0),
                            (['--verdict', 'full', '--class', 'projects'], 1), (['--class', 'nobody'], 0)]:
            with self.subTest(args=args):
                self.assertEqual(self.summary(path, *args)['decisions'], count)

    def test_records(self):
        result = podfit('audit', self.log(), '--records', '--verdict', 'full')
        self.assertEqual([json.loads(line)['name'] for line in result.out.splitlines()], ['p-1', 'w-1'])

    def test_rotated_files(self):
        self.log('audit.log.1', self.LINES[:1])
        path = self.log('audit.log', self.LINES[1:])
        self.assertEqual(self.summary(path)['decisions'], 3)
        self.assertEqual(self.summary(path, '--alone')['decisions'], 2)
        self.assertEqual(self.summary(path, path + '.1')['decisions'], 3)
        names = [json.loads(line)['name'] for line in podfit('audit', path, '--records').out.splitlines()]
        self.assertEqual(names, ['p-1', 'p-2', 'w-1'])

    def test_standard_input_and_garbage(self):
        document = self.summary('-', stdin='no record\n' + json.dumps(self.LINES[0]) + '\n\n')
        self.assertEqual((document['decisions'], document['garbage']), (1, 1))

    def test_times(self):
        for text in ('2026-02-29', '2026-11-31T00:00:00Z', '2026-11-22T24:00:00Z', 'noon'):
            self.usage_error("'%s' is not a time" % text, 'audit', self.log(), '--until', text)

    def test_missing_file(self):
        self.usage_error('/nonexistent', 'audit', '/nonexistent')


if __name__ == '__main__':
    main()
