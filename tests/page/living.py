"""A cluster that changes while podfit watches it, for the live parts of the status page: an API server on loopback that tells watchers what is set and removed, takes JSON Patches, and falls silent when asked to."""
import base64
import json
import os
import sys
import threading
import urllib.parse

import jsonpatch

import cluster

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'cli'))
sys.path.insert(0, os.path.join(HERE, '..', 'e2e'))
import fake_cluster  # noqa: E402
import harness  # noqa: E402

WATCH_SECONDS = 120
END_OF_LIST = {'type': 'BOOKMARK', 'object': {'metadata': {'resourceVersion': '9', 'annotations': {'k8s.io/initial-events-end': 'true'}}}}

CONFIG = cluster.PROJECTS + '''- name: notebooks
  match: {namespaces: [jhub]}
  requests: keep
  onNever: reject
  onFull: gate
fit:
  maxModelAge: 12s
'''
DENIED = '/apis/policy/v1/poddisruptionbudgets'


class Handler(fake_cluster.Handler):
    def watch(self, items, initial):
        """What there is, where it was asked for, then everything that changes."""
        path = urllib.parse.urlsplit(self.path).path
        with self.server.changed:
            events = [{'type': 'ADDED', 'object': item} for item in items] + [END_OF_LIST] if initial else []
            sent = len(self.server.changes(path))
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()
        try:
            while not self.server.ended.is_set():
                for event in events:
                    self.chunk(event)
                with self.server.changed:
                    self.server.changed.wait_for(lambda: self.server.ended.is_set() or len(self.server.changes(path)) > sent, WATCH_SECONDS)
                    events = self.server.changes(path)[sent:]
                    sent += len(events)
        except OSError:
            pass  # podfit went away
        self.close_connection = True

    def do_GET(self):
        if self.server.silent and 'watch=1' not in self.path:
            self.answer(503, fake_cluster.status(503, 'ServiceUnavailable', 'away'))
            return
        pod = self.server.pod(self.path)
        if pod is not None:
            self.answer(200, pod)
            return
        super().do_GET()

    def do_PATCH(self):
        operations = self.rfile.read(int(self.headers['Content-Length'])).decode()
        pod = jsonpatch.apply_patch(self.server.pod(self.path), operations)
        self.server.put(pod)
        self.answer(200, pod)


class Cluster(fake_cluster.ApiServer):
    """@var silent  only watches are answered, and they say nothing"""

    def __init__(self, items, **how):
        super().__init__(items=items, **how)
        self.RequestHandlerClass = Handler
        self.changed = threading.Condition()
        self.events = {}
        self.version = 100
        self.silent = False

    def changes(self, path):
        return self.events.setdefault(path, [])

    def tell(self, kind, path, item):
        self.changes(path).append({'type': kind, 'object': item})
        self.changed.notify_all()

    def put(self, item):
        """Create or replace an object and tell who watches. @return it as it is kept"""
        path = fake_cluster.PLURALS[item['kind']]
        with self.changed:
            self.version += 1
            meta = dict({'uid': 'uid-%d' % self.version, 'creationTimestamp': '2026-11-22T00:00:00Z'}, **item['metadata'])
            item = dict(item, metadata=dict(meta, resourceVersion=str(self.version)))
            others = [one for one in self.items.get(path, []) if one['metadata']['name'] != meta['name']]
            known = len(others) != len(self.items.get(path, []))
            self.items[path] = others + [item]
            self.tell('MODIFIED' if known else 'ADDED', path, item)
        return item

    def remove(self, item):
        path = fake_cluster.PLURALS[item['kind']]
        with self.changed:
            self.version += 1
            self.items[path] = [one for one in self.items[path] if one['metadata']['name'] != item['metadata']['name']]
            self.tell('DELETED', path, dict(item, metadata=dict(item['metadata'], resourceVersion=str(self.version))))

    def pod(self, path):
        """@return the pod that a path names, or None"""
        parts = urllib.parse.urlsplit(path).path.split('/')
        if len(parts) != 7 or parts[5] != 'pods':
            return None
        return next((pod for pod in self.items.get(fake_cluster.PLURALS['Pod'], []) if pod['metadata']['name'] == urllib.parse.unquote(parts[6])), None)

    def __exit__(self, *args):
        with self.changed:
            self.ended.set()
            self.changed.notify_all()
        super().__exit__(*args)


class Podfit(harness.Podfit):
    """A podfit that follows the cluster."""

    def __init__(self, cluster, config_text, options=()):
        self.cluster = cluster
        super().__init__(options, config_text)
        self.wait_for(lambda: self.ops('/readyz')[0] == 200, 'the first list')

    def source(self):
        return ['--kubeconfig', fake_cluster.kubeconfig(self.dir, self.cluster.url)]


def small_cluster(refusal):
    """Two nodes, and a kind that podfit may not watch. @param refusal  what the API server says about that"""
    nodes = [harness.node('node-%d' % number, cpu='4', memory='8Gi') for number in range(2)]
    spaces = [{'kind': 'Namespace', 'apiVersion': 'v1', 'metadata': {'name': name}} for name in ('cocalc', 'jhub')]
    return Cluster(nodes + spaces, refused={DENIED: (403, fake_cluster.status(403, 'Forbidden', refusal))}).__enter__()


class Traffic:
    """What users, kubelet and kube-scheduler do, for a test case with a podfit and a cluster."""
    number = 0

    def admit(self, namespace, cpu):
        """A pod goes through podfit into the cluster. @return it as the API server keeps it, or None: it was rejected"""
        self.__class__.number += 1
        body = harness.review(self.number, cpu=cpu, namespace=namespace)
        answer = self.podfit.post(body).review()
        if not answer['allowed']:
            return None
        pod = json.loads(body)['request']['object']
        if 'patch' in answer:
            pod = jsonpatch.apply_patch(pod, base64.b64decode(answer['patch']).decode())
        return self.cluster.put(dict(pod, kind='Pod', status={'phase': 'Pending'}))

    def bind(self, pod, node='node-0'):
        return self.cluster.put(dict(pod, spec=dict(pod['spec'], nodeName=node), status={'phase': 'Running'}))

    def leave(self, pod, message):
        """kube-scheduler finds no node."""
        condition = {'type': 'PodScheduled', 'status': 'False', 'reason': 'Unschedulable', 'message': message}
        return self.cluster.put(dict(pod, status={'phase': 'Pending', 'conditions': [condition]}))

    def clear(self):
        for pod in list(self.cluster.items.get('/api/v1/pods', [])):
            self.cluster.remove(pod)
