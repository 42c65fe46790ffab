"""What every scenario stands on: the shared control plane, emptied, and a podfit of its own."""
import contextlib
import os
import sys
import time
import unittest

from api import ApiError, path_of
from objects import bound, unschedulable
from plane import ROOT, SKIPPED, ControlPlane, Unavailable, attach, binaries, wait_until
from process import interrupt_on_sigterm
from webhook import SLOW, SYSTEM, Podfit

STATE = os.environ.get('PODFIT_CLUSTER', '')
OWNED = ['HorizontalPodAutoscaler', 'StatefulSet', 'Deployment', 'DaemonSet', 'CronJob', 'Job', 'PersistentVolumeClaim', 'Pod', 'LimitRange', 'ResourceQuota',
         'PodDisruptionBudget']
KEPT_NAMESPACES = ('default', 'kube-system', 'kube-public', 'kube-node-lease')
# A gap that no test is allowed to fall into: a scheduler on a loaded machine takes seconds for a burst.
PATIENCE = 60.0 * SLOW
TOUCH_S = 2.0


def example_config():
    with open(os.path.join(ROOT, 'examples', 'config.yaml'), encoding='utf8') as file:
        return file.read()


def empty(plane):
    """Removes what earlier scenarios left: webhooks first, so that none refuses, then owners, pods, volumes, nodes."""
    api = plane.api
    for hook in api.list('MutatingWebhookConfiguration'):
        api.delete('MutatingWebhookConfiguration', None, hook['metadata']['name'])
    names = [n['metadata']['name'] for n in api.list('Namespace') if n['metadata']['name'] not in ('kube-system', 'kube-public', 'kube-node-lease')]

    def nothing_left():
        left = 0
        for kind in OWNED:
            for namespace in {o['metadata']['namespace'] for o in api.list(kind)} & set(names):
                api.delete_all(kind, namespace)
                left += 1
        return left == 0
    wait_until(nothing_left, 'an empty cluster', PATIENCE, 0.1)
    for kind in ('PersistentVolume', 'Node'):
        api.delete_all(kind)
    for name in names:
        api.delete_all('Event', name)
    for kind in ('StorageClass', 'PriorityClass'):
        for obj in api.list(kind):
            if not obj['metadata']['name'].startswith('system-'):
                api.delete(kind, None, obj['metadata']['name'])


class Scenario(unittest.TestCase):
    """Class attributes say what podfit is started with. `namespaces` are those it is registered for."""
    config = None
    namespaces = ('cocalc', 'coditect-app', 'jhub')
    failure_policy = 'Fail'
    plane = None

    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.plane = cls.start_plane()
        cls.api = cls.plane.api
        cls.podfit = None

    @classmethod
    def start_plane(cls):
        return attach(STATE) if STATE and os.path.exists(STATE) else cls.stack.enter_context(ControlPlane())

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def setUp(self):
        empty(self.plane)
        for name in self.namespaces:
            self.ensure_namespace(name)

    def ensure_namespace(self, name, labels=None):
        if not self.api.exists('Namespace', None, name):
            self.api.create({'apiVersion': 'v1', 'kind': 'Namespace', 'metadata': {'name': name, 'labels': labels or {}}})
        wait_until(lambda: self.api.exists('ServiceAccount', name, 'default'), 'the service account of ' + name, PATIENCE)

    def create_nodes(self, *nodes):
        for obj in nodes:
            self.api.create(obj)

    def serve(self, config=None, **how):
        """A podfit that follows the cluster, registered for self.namespaces; ended with the test."""
        how.setdefault('kubeconfig', self.plane.admin_kubeconfig)
        podfit = Podfit(self.plane, config or self.config or example_config(), **how)
        self.addCleanup(podfit.remove)
        self.podfit = podfit
        podfit.start()
        self.addCleanup(self.stop_podfit, podfit)
        podfit.register(self.namespaces, failure_policy=self.failure_policy)
        return podfit

    def stop_podfit(self, podfit):
        for hook in self.api.list('MutatingWebhookConfiguration'):
            self.api.delete('MutatingWebhookConfiguration', None, hook['metadata']['name'])
        if sys.exc_info()[0] or self.failed():
            print(podfit.process.tail(4000), file=sys.stderr)
        podfit.stop()

    def failed(self):
        result = getattr(self._outcome, 'result', None)
        return bool(result and any(test is self for test, _ in result.failures + result.errors))

    def create(self, obj):
        return self.api.create(obj)

    def refused(self, obj):
        """Creates; returns the message of the refusal, which has to be podfit's own."""
        with self.assertRaises(ApiError) as caught:
            self.api.create(obj)
        self.assertEqual(caught.exception.status, 403, caught.exception)
        self.assertIn('admission webhook ', caught.exception.message)
        return caught.exception.message

    def read(self, obj):
        return self.api.get('Pod', obj['metadata']['namespace'], obj['metadata']['name'])

    def wait_bound(self, *pods):
        for obj in pods:
            wait_until(lambda o=obj: bound(self.read(o)),
                       lambda o=obj: 'the binding of %s (%s)' % (o['metadata']['name'], unschedulable(self.read(o))), PATIENCE)

    def wait_unschedulable(self, obj):
        """kube-scheduler's own sentence."""
        return wait_until(lambda: unschedulable(self.read(obj)), 'PodScheduled=False of ' + obj['metadata']['name'], PATIENCE)

    def wait_for_controller(self, condition, what, namespace, seconds=PATIENCE):
        """What a ReplicaSet or StatefulSet comes to after refusals. Its controller waits after each failure, twice as long every time and up to 1000 s (client-go's
        DefaultTypedControllerRateLimiter), and fails many times a second when pods come and go; it looks at once when the object changes."""
        touched = [time.monotonic()]

        def look():
            if time.monotonic() - touched[0] >= TOUCH_S:
                touched[0] = time.monotonic()
                self.touch(namespace)
            return condition()
        return wait_until(look, what, seconds)

    def touch(self, namespace):
        for kind in ('ReplicaSet', 'StatefulSet'):
            for obj in self.api.list(kind, namespace):
                with contextlib.suppress(ApiError):  # gone meanwhile
                    self.api.patch(kind, namespace, obj['metadata']['name'], {'metadata': {'annotations': {'touched': str(time.monotonic())}}})

    def events(self, namespace, reason):
        return [e for e in self.api.list('Event', namespace) if e.get('reason') == reason]


def main():
    interrupt_on_sigterm()
    if not (STATE and os.path.exists(STATE)):
        try:
            binaries()  # unittest would make an error of it
        except Unavailable:
            sys.exit(SKIPPED)
    unittest.main(verbosity=2)


__all__ = ['PATIENCE', 'SKIPPED', 'SYSTEM', 'ApiError', 'Scenario', 'empty', 'example_config', 'main', 'path_of', 'wait_until']
