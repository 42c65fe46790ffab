"""The dashboard's panels with something in them: after a scripted load on a podfit that follows a cluster, a real Prometheus answers every query of every panel."""
import http.server
import os
import sys
import threading

import monitoring
import test_dashboard
import test_scrape

sys.path.insert(0, os.path.join(monitoring.ROOT, 'tests', 'page'))
import harness  # noqa: E402
import living  # noqa: E402

CONFIG = living.CONFIG.replace('fit:', '''- name: watched
  match: {namespaces: [watched]}
  requests: keep
  observe: true
fit:''')
# What a kube-apiserver says of the webhook; names and labels as in tests/monitoring/monitoring.py's source.
API_SERVER = '''# TYPE apiserver_admission_webhook_admission_duration_seconds histogram
apiserver_admission_webhook_admission_duration_seconds_bucket{name="projects.podfit.io",operation="CREATE",rejected="false",type="admit",le="0.01"} %(calls)d
apiserver_admission_webhook_admission_duration_seconds_bucket{name="projects.podfit.io",operation="CREATE",rejected="false",type="admit",le="+Inf"} %(calls)d
apiserver_admission_webhook_admission_duration_seconds_sum{name="projects.podfit.io",operation="CREATE",rejected="false",type="admit"} 1
apiserver_admission_webhook_admission_duration_seconds_count{name="projects.podfit.io",operation="CREATE",rejected="false",type="admit"} %(calls)d
# TYPE apiserver_admission_webhook_fail_open_count counter
apiserver_admission_webhook_fail_open_count{name="projects.podfit.io",type="admit"} 1
# TYPE apiserver_admission_webhook_rejection_count counter
apiserver_admission_webhook_rejection_count{name="projects.podfit.io",error_type="calling_webhook_error",operation="CREATE",rejection_code="0",type="admit"} 1
'''


class ApiServer(http.server.ThreadingHTTPServer):
    """The metrics of an API server, without one."""
    daemon_threads = True

    def __init__(self):
        super().__init__(('127.0.0.1', 0), ApiServerHandler)
        self.calls = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def end(self):
        self.shutdown()
        self.server_close()


class ApiServerHandler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        self.server.calls += 1
        body = (API_SERVER % {'calls': self.server.calls}).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'text/plain; version=0.0.4')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Panels(living.Traffic, harness.Case):
    @classmethod
    def make_podfit(cls):
        cls.cluster = living.small_cluster('no')
        cls.addClassCleanup(cls.cluster.__exit__)
        return living.Podfit(cls.cluster, CONFIG)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api_server = ApiServer()
        cls.addClassCleanup(cls.api_server.end)
        others = {'kube-apiserver': '127.0.0.1:%d' % cls.api_server.server_port}
        cls.prometheus = test_scrape.Prometheus('127.0.0.1:%d' % cls.podfit.ops_port, others)
        cls.addClassCleanup(cls.prometheus.stop)

    def load(self):
        """Something of everything that a panel shows."""
        self.bind(self.admit('jhub', '3900m'), 'node-0')
        self.bind(self.admit('jhub', '3900m'), 'node-1')
        self.leave(self.admit('cocalc', '1'), '0/2 nodes are available: 2 Insufficient memory.')
        self.admit('jhub', '3')  # waits behind the gate
        self.assertIsNone(self.admit('jhub', '9'))
        self.admit('watched', '1')
        self.admit('kube-system', '1')
        self.podfit.wait_for(lambda: self.podfit.stats()['predictions']['wrong'] == 1, 'the misprediction')

    def missing(self):
        """(panel, query) that nothing answers."""
        return [(title, query) for title, query, _ in test_dashboard.queries() if not self.prometheus.get('query', query=query)['result']]

    def test_every_query_is_answered(self):
        self.prometheus.wait(lambda: self.prometheus.value('sum(up)') == 2, 'the first scrapes')
        self.load()
        try:
            self.prometheus.wait(lambda: not self.missing(), 'an answer to every query')
        except AssertionError as error:
            self.fail('%s\nnothing answers %s' % (error, self.missing()))

    def test_figures_are_those_of_the_page(self):
        """Panels that a wrong join or label would spoil."""
        queries = {title: query for title, query, _ in test_dashboard.queries() if title in ('Headroom', 'Replicas', 'Age of the model')}
        self.prometheus.wait(lambda: self.prometheus.value(queries['Replicas']) == 1, 'the replica')
        wanted = {one['class']: one['projects'] for one in self.podfit.stats()['headroom']['classes'] if one['known']}
        self.assertIn('projects', wanted)

        def shown():
            return {row['metric']['class']: int(row['value'][1]) for row in self.prometheus.get('query', query=queries['Headroom'])['result']}
        self.prometheus.wait(lambda: shown() == wanted, 'the headroom %r, not %r' % (wanted, shown()))
        self.assertLess(self.prometheus.value(queries['Age of the model']), 60)


if __name__ == '__main__':
    if not harness.BINARY:
        sys.exit('set PODFIT to the program under test')
    monitoring.main()
