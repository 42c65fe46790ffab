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


# Of Grafana's unit picker. Source: packages/grafana-data/src/valueFormats/categories.ts
UNITS = {'short', 'percentunit', 's', 'reqps', 'ops', 'bytes', 'none'}
# Panels that come with Grafana since 9, and what the published schema (kinds/dashboard/dashboard_kind.cue) wants of each.
PANELS = {'row', 'stat', 'table', 'bargauge', 'timeseries'}
PANEL_KEYS = {'id', 'title', 'type', 'gridPos', 'datasource', 'description', 'targets', 'fieldConfig', 'options', 'transformations', 'collapsed', 'panels'}
CALCULATIONS = {'lastNotNull', 'last', 'max', 'min', 'mean'}


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

    def test_schema(self):
        """The fields that Grafana's schema requires, with values that it knows."""
        board = dashboard()
        self.assertTrue(36 <= board['schemaVersion'] <= 41, 'Grafana 9 to 11 take these without a question')
        self.assertRegex(board['uid'], r'^[a-z0-9-]{1,40}$')
        for key, kind in (('title', str), ('tags', list), ('editable', bool), ('time', dict), ('panels', list), ('templating', dict), ('annotations', dict)):
            self.assertIsInstance(board[key], kind, key)
        self.assertEqual(set(board['time']), {'from', 'to'})
        self.assertNotIn('id', board)  # of one server's database
        self.assertNotIn('__inputs', board)  # an import asks nothing: the data source is a variable

    def test_schema_of_panels(self):
        for panel in dashboard()['panels']:
            with self.subTest(panel['title']):
                self.assertIn(panel['type'], PANELS)
                self.assertLessEqual(set(panel), PANEL_KEYS)
                self.assertEqual(set(panel['gridPos']), {'x', 'y', 'w', 'h'})
                self.assertTrue(all(isinstance(value, int) and value >= 0 for value in panel['gridPos'].values()))
        for panel in panels():
            with self.subTest(panel['title']):
                self.assertEqual(set(panel['fieldConfig']), {'defaults', 'overrides'})
                units = {panel['fieldConfig']['defaults']['unit']}
                for override in panel['fieldConfig']['overrides']:
                    self.assertIn(override['matcher']['id'], ('byName', 'byRegexp', 'byFrameRefID'))
                    units |= {one['value'] for one in override['properties'] if one['id'] == 'unit'}
                self.assertLessEqual(units, UNITS)
                refs = [target['refId'] for target in panel['targets']]
                self.assertEqual(refs, list('ABCDEFGH')[:len(refs)])
                calculations = panel.get('options', {}).get('reduceOptions', {}).get('calcs', [])
                self.assertLessEqual(set(calculations), CALCULATIONS)
                self.assertEqual(bool(calculations), panel['type'] in ('stat', 'bargauge'))
                self.check_thresholds(panel['fieldConfig']['defaults'].get('thresholds'))

    def check_thresholds(self, thresholds):
        """The first step has no value, the others rise."""
        if thresholds is not None:
            values = [step['value'] for step in thresholds['steps']]
            self.assertIsNone(values[0])
            self.assertEqual(values[1:], sorted(values[1:]))

    def test_rows_leave_no_gap(self):
        """Each row of panels begins where the one above ends, over the whole width: what Grafana would otherwise move."""
        covered = {}
        for panel in dashboard()['panels']:
            place = panel['gridPos']
            for x in range(place['x'], place['x'] + place['w']):
                covered.setdefault(x, []).extend(range(place['y'], place['y'] + place['h']))
        height = max(max(rows) for rows in covered.values()) + 1
        self.assertEqual({x: sorted(rows) for x, rows in covered.items()}, {x: list(range(height)) for x in range(24)})

    def test_names_nobody(self):
        text = monitoring.read(monitoring.FOLDER, 'dashboard.json')
        self.assertNotRegex(text, r'https?://')


if __name__ == '__main__':
    monitoring.main()
