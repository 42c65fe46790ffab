"""The Grafana dashboard: panels that do not overlap, queries that Prometheus parses, of metrics and labels that exist."""
import json
import re
import unittest

import yaml

import monitoring

# What Grafana puts in before it asks Prometheus.
VARIABLES = {'$__rate_interval': '5m', '$namespace': '.*', '$class': '.*'}
# Labels that Prometheus or its operator adds, or that are of the API server's series.
TARGET_LABELS = {'job', 'namespace', 'pod', 'le', 'name', 'error_type'}


def dashboard():
    return json.loads(monitoring.read(monitoring.FOLDER, 'dashboard.json'))


def panels():
    return [panel for panel in dashboard()['panels'] if panel['type'] != 'row']


def filled(expression):
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


def queries():
    """(title of the panel, query, legend)"""
    return [(panel['title'], filled(target['expr']), target['legendFormat']) for panel in panels() for target in panel['targets']]


def labels_in(query):
    inside = ' '.join(re.findall(r'\{([^}]*)\}', query) + re.findall(r'\bby \(([^)]*)\)', query))
    return set(re.findall(r'[a-z_]+', re.sub(r'"[^"]*"', '', inside)))


class Dashboard(unittest.TestCase):
    def test_every_query_parses(self):
        rules = [{'record': 'panel:%d' % i, 'expr': query} for i, (_, query, _) in enumerate(queries())]
        with monitoring.Folder() as folder:
            path = folder.file('rules.yaml', yaml.safe_dump({'groups': [{'name': 'dashboard', 'rules': rules}]}))
            code, out = monitoring.promtool('check', 'rules', path)
        self.assertEqual(code, 0, out)
        self.assertIn('SUCCESS: %d rules found' % len(rules), out)
        self.assertGreater(len(rules), 30)

    def test_every_query_names_metrics_that_exist(self):
        for title, query, _ in queries():
            with self.subTest(title):
                self.assertNotIn('$', query)
                self.assertTrue(monitoring.names_in(query))
                self.assertEqual(monitoring.unknown_in(query), [])

    def test_every_query_names_labels_that_exist(self):
        page = monitoring.documented()
        for title, query, legend in queries():
            known = set(TARGET_LABELS)
            for name in monitoring.names_in(query):
                known |= set(page.get(monitoring.family(name), ('', (), ''))[1])
            if 'podfit:pool_utilisation' in query:
                known |= {'class', 'resource'}
            with self.subTest(title):
                self.assertLessEqual(labels_in(query), known)
                self.assertLessEqual(set(re.findall(r'\{\{(\w+)\}\}', legend)), known)

    def test_variables(self):
        found = {variable['name']: variable for variable in dashboard()['templating']['list']}
        self.assertEqual(list(found), ['datasource', 'namespace', 'class'])
        for name in ('namespace', 'class'):
            metric = re.match(r'label_values\((\w+)', found[name]['query']['query']).group(1)
            self.assertIn(metric, monitoring.documented())
        for panel in panels():
            for holder in (panel, *panel['targets']):
                self.assertEqual(holder['datasource'], {'type': 'prometheus', 'uid': '${datasource}'}, panel['title'])

    def test_layout(self):
        """Every panel has an id, a title and a place of its own within 24 columns."""
        every = dashboard()['panels']
        self.assertEqual(len({panel['id'] for panel in every}), len(every))
        self.assertEqual(len({panel['title'] for panel in every}), len(every))
        taken = set()
        for panel in every:
            place = panel['gridPos']
            self.assertLessEqual(place['x'] + place['w'], 24, panel['title'])
            cells = {(x, y) for x in range(place['x'], place['x'] + place['w']) for y in range(place['y'], place['y'] + place['h'])}
            self.assertFalse(cells & taken, panel['title'])
            taken |= cells

    def test_names_nobody(self):
        text = monitoring.read(monitoring.FOLDER, 'dashboard.json')
        self.assertNotRegex(text, r'https?://')


if __name__ == '__main__':
    monitoring.main()
