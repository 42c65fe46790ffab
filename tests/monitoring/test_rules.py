"""Alerts: valid, complete, of metrics that exist, each tried with numbers at which it fires and at which it does not (alerts.yaml)."""
import os
import re
import unittest

import yaml

import monitoring

SEVERITIES = {'info', 'warning', 'critical'}


def table():
    return yaml.safe_load(monitoring.read(os.path.dirname(os.path.abspath(__file__)), 'alerts.yaml'))


def expected(rule, alert):
    """What promtool compares: every label and annotation. The table has what differs from case to case."""
    labels = {**rule.get('labels', {}), **alert.get('labels', {})}
    return {'exp_labels': labels, 'exp_annotations': {**rule['annotations'], 'summary': alert['summary']}}


def promtool_test(name, rule, case):
    series = [{'series': series, 'values': values} for series, values in case['series'].items()]
    wanted = [expected(rule, alert) for alert in case.get('fires', [])]
    return {'interval': '1m', 'input_series': series,
            'alert_rule_test': [{'eval_time': case['at'], 'alertname': name, 'exp_alerts': wanted}]}


class Rules(unittest.TestCase):
    def test_promtool_accepts_them(self):
        with monitoring.Folder() as folder:
            code, out = monitoring.promtool('check', 'rules', folder.file('rules.yaml', yaml.safe_dump(monitoring.rule_spec())))
        self.assertEqual(code, 0, out)
        self.assertIn('SUCCESS: %d rules found' % len(monitoring.rules()), out)

    def test_each_names_metrics_that_exist(self):
        for rule in monitoring.rules():
            with self.subTest(rule.get('alert', rule.get('record'))):
                self.assertTrue(monitoring.names_in(rule['expr']))
                self.assertEqual(monitoring.unknown_in(rule['expr']), [])

    def test_each_alert_is_complete(self):
        page = monitoring.read(monitoring.ROOT, 'docs', 'ALERTS.md')
        for name, rule in monitoring.alerts().items():
            with self.subTest(name):
                self.assertIn(rule['labels']['severity'], SEVERITIES)
                self.assertEqual(set(rule['annotations']), {'summary', 'description', 'runbook_url'})
                self.assertEqual(rule['annotations']['runbook_url'], 'docs/ALERTS.md#' + name.lower())
                self.assertEqual(len(re.findall(r'^### %s$' % name, page, re.M)), 1, 'docs/ALERTS.md has a heading for it')

    def test_the_page_has_no_alert_that_does_not_exist(self):
        page = monitoring.read(monitoring.ROOT, 'docs', 'ALERTS.md')
        self.assertEqual(re.findall(r'^### (\w+)$', page, re.M), list(monitoring.alerts()))

    def test_severity_of_the_page(self):
        page = monitoring.read(monitoring.ROOT, 'docs', 'ALERTS.md')
        for name, rule in monitoring.alerts().items():
            with self.subTest(name):
                self.assertRegex(page, r'### %s\n\n\*%s\*' % (name, rule['labels']['severity'].capitalize()))


class Cases(unittest.TestCase):
    def test_each_alert_has_both_kinds(self):
        cases = table()
        self.assertEqual(list(cases), list(monitoring.alerts()))
        for name, rows in cases.items():
            with self.subTest(name):
                self.assertTrue([row for row in rows if row.get('fires')], 'a case in which it fires')
                self.assertTrue([row for row in rows if not row.get('fires')], 'a case in which it does not')

    def test_cases(self):
        rules = monitoring.alerts()
        with monitoring.Folder() as folder:
            folder.file('rules.yaml', yaml.safe_dump(monitoring.rule_spec()))
            for name, rows in table().items():
                tests = [promtool_test(name, rules[name], row) for row in rows]
                path = folder.file(name + '.yaml', yaml.safe_dump({'rule_files': ['rules.yaml'], 'evaluation_interval': '1m', 'tests': tests}))
                with self.subTest(name):
                    code, out = monitoring.promtool('test', 'rules', path)
                    self.assertEqual(code, 0, out)


if __name__ == '__main__':
    monitoring.main()
