"""A small client of the Kubernetes API: one kept-alive connection a thread, JSON in and out."""
import http.client
import json
import ssl
import threading
import urllib.parse

COLLECTIONS = {
    'Node': '/api/v1/nodes', 'Namespace': '/api/v1/namespaces',
    'PriorityClass': '/apis/scheduling.k8s.io/v1/priorityclasses',
    'StorageClass': '/apis/storage.k8s.io/v1/storageclasses',
    'PersistentVolume': '/api/v1/persistentvolumes',
    'MutatingWebhookConfiguration': '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
}
NAMESPACED = {
    'Pod': ('/api/v1', 'pods'), 'Event': ('/api/v1', 'events'), 'ConfigMap': ('/api/v1', 'configmaps'), 'Secret': ('/api/v1', 'secrets'),
    'LimitRange': ('/api/v1', 'limitranges'), 'ResourceQuota': ('/api/v1', 'resourcequotas'), 'Service': ('/api/v1', 'services'),
    'ServiceAccount': ('/api/v1', 'serviceaccounts'), 'PersistentVolumeClaim': ('/api/v1', 'persistentvolumeclaims'),
    'Deployment': ('/apis/apps/v1', 'deployments'), 'ReplicaSet': ('/apis/apps/v1', 'replicasets'), 'StatefulSet': ('/apis/apps/v1', 'statefulsets'), 'DaemonSet': ('/apis/apps/v1', 'daemonsets'),
    'Job': ('/apis/batch/v1', 'jobs'), 'CronJob': ('/apis/batch/v1', 'cronjobs'), 'HorizontalPodAutoscaler': ('/apis/autoscaling/v2', 'horizontalpodautoscalers'), 'Lease': ('/apis/coordination.k8s.io/v1', 'leases'),
    'PodDisruptionBudget': ('/apis/policy/v1', 'poddisruptionbudgets'),
}
DELETE_NOW = {'apiVersion': 'v1', 'kind': 'DeleteOptions', 'gracePeriodSeconds': 0, 'propagationPolicy': 'Background'}


class ApiError(Exception):
    """An answer of the API server that is not a success."""

    def __init__(self, status, body, what):
        self.status = status
        self.reason = body.get('reason', '') if isinstance(body, dict) else ''
        self.message = body.get('message', '') if isinstance(body, dict) else str(body)
        super().__init__('%s: %d %s' % (what, status, self.message))


def path_of(kind, namespace=None, name=None, subresource=None):
    if kind in NAMESPACED:
        group, plural = NAMESPACED[kind]
        path = '%s/namespaces/%s/%s' % (group, namespace, plural) if namespace else '%s/%s' % (group, plural)
    else:
        path = COLLECTIONS[kind]
    return '/'.join(part for part in (path, name, subresource) if part)


class Api:
    def __init__(self, port, ca_file, token, timeout=60.0):
        self.port, self.token, self.timeout = port, token, timeout
        self.context = ssl.create_default_context(cafile=ca_file)
        self.context.check_hostname = False  # the API server's certificate is made for its host's name
        self.local = threading.local()

    def connection(self, fresh):
        if fresh:
            self.close()
        if getattr(self.local, 'connection', None) is None:
            self.local.connection = http.client.HTTPSConnection('127.0.0.1', self.port, timeout=self.timeout, context=self.context)
        return self.local.connection

    def close(self):
        """Closes this thread's connection."""
        connection = getattr(self.local, 'connection', None)
        self.local.connection = None
        if connection is not None:
            connection.close()

    def raw(self, method, path, body=None, content_type='application/json', fresh=False):
        """(status, bytes, headers). A connection that fails is closed and the error raised: whether the request was carried out is unknown."""
        connection = self.connection(fresh)
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            connection.request(method, path, data, {'Authorization': 'Bearer ' + self.token, 'Content-Type': content_type, 'Accept': 'application/json'})
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def request(self, method, path, body=None, content_type='application/json'):
        status, data, _ = self.raw(method, path, body, content_type)
        try:
            answer = json.loads(data) if data else {}
        except ValueError:
            answer = data.decode('utf8', 'replace')
        if status >= 400:
            raise ApiError(status, answer, '%s %s' % (method, path))
        return answer

    def get(self, kind, namespace=None, name=None, **query):
        return self.request('GET', path_of(kind, namespace, name) + ('?' + urllib.parse.urlencode(query) if query else ''))

    def list(self, kind, namespace=None, **query):
        return self.get(kind, namespace, None, **query)['items']

    def create(self, obj, dry_run=False):
        namespace = obj['metadata'].get('namespace')
        return self.request('POST', path_of(obj['kind'], namespace) + ('?dryRun=All' if dry_run else ''), obj)

    def delete(self, kind, namespace, name, options=None):
        """Deletes at once by default: no kubelet is there to end a pod that is bound. An object that is not there is fine."""
        try:
            self.request('DELETE', path_of(kind, namespace, name), options or DELETE_NOW)
        except ApiError as error:
            if error.status != 404:
                raise

    def delete_all(self, kind, namespace=None, selector=''):
        query = '?labelSelector=' + urllib.parse.quote(selector) if selector else ''
        self.request('DELETE', path_of(kind, namespace) + query, DELETE_NOW)

    def patch(self, kind, namespace, name, patch, subresource=None, content_type='application/merge-patch+json'):
        return self.request('PATCH', path_of(kind, namespace, name, subresource), patch, content_type)

    def apply(self, obj, manager='e2e', force=True):
        """Server-side apply."""
        path = path_of(obj['kind'], obj['metadata'].get('namespace'), obj['metadata']['name'])
        return self.request('PATCH', '%s?fieldManager=%s&force=%s' % (path, manager, 'true' if force else 'false'), obj, 'application/apply-patch+yaml')

    def exists(self, kind, namespace, name):
        try:
            self.get(kind, namespace, name)
            return True
        except ApiError as error:
            if error.status == 404:
                return False
            raise
