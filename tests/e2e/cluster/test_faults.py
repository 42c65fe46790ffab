"""The burst of test_burst.py while something breaks: podfit is killed, its watch is lost, the API server restarts, its history is compacted.

Every admitted pod is bound all the same, and there are never more than the nodes hold. A creation that broke after podfit's yes holds its room until
the reservation has run out; so as many as fit are reached a little later.
"""
import os
import tempfile
import time
from unittest import mock

import scenario
from load import Burst
from objects import bound, project, project_node
from plane import ControlPlane, binaries, kubeconfig, write
from proxy import Proxy
from scenario import PATIENCE, wait_until

CREATIONS, ROOM, CLIENTS = 1000, 400, 64
SHORT_TTL_S = 5
# what podfit does not know yet is refused: a URL has no endpoints that wait for readiness
CONFIG = scenario.example_config().replace('onUnknown: annotate', 'onUnknown: reject')


class Broken(scenario.Scenario):
    """With a control plane of its own, which it may break."""
    namespaces = ('cocalc',)
    config = CONFIG

    @classmethod
    def start_plane(cls):
        return cls.stack.enter_context(ControlPlane())

    def setUp(self):
        super().setUp()
        self.create_nodes(project_node('slots', pods=100), project_node('memory', memory='%dMi' % (150 * 200), pods=500),
                          project_node('cpu', cpu='%dm' % (150 * 50), memory='512Gi', pods=500))
        self.proxy = Proxy(self.plane.port)
        self.proxy.__enter__()
        self.addCleanup(self.proxy.__exit__)
        path = self.plane.path('through-proxy.kubeconfig')
        write(path, kubeconfig('https://127.0.0.1:%d' % self.proxy.port, self.plane.ca_file, self.plane.state['tokens']['admin']))
        self.serve(kubeconfig=path)

    def start_burst(self):
        pods = [project('project-%d' % number) for number in range(CREATIONS)]
        return Burst(self.api, pods, CLIENTS, retries=150).start()

    def check(self, burst):
        """All that were admitted are bound, and what is left of the room is still there."""
        burst.join()
        self.assertEqual(burst.failed, [])
        self.assertLessEqual(len(self.api.list('Pod', 'cocalc')), ROOM)
        self.wait_all_bound()
        self.fill()
        self.wait_all_bound()
        self.assertEqual(len(self.api.list('Pod', 'cocalc')), ROOM)
        self.refused(project('one-more'))

    def wait_all_bound(self):
        wait_until(lambda: all(map(bound, self.api.list('Pod', 'cocalc'))), 'the binding of every admitted pod', PATIENCE, 0.1)

    def fill(self):
        end = time.monotonic() + PATIENCE
        number = 0
        while len(self.api.list('Pod', 'cocalc')) < ROOM:
            self.assertLess(time.monotonic(), end, 'room that nobody holds is not given: %d' % len(self.api.list('Pod', 'cocalc')))
            number += 1
            try:
                self.create(project('late-%d' % number))
            except scenario.ApiError:
                time.sleep(0.1)


class Faults(Broken):
    def test_podfit_is_killed(self):
        burst = self.start_burst()
        for answered in (100, 250):
            burst.wait_answered(answered)
            self.podfit.process.kill()
            self.podfit.start()
        self.check(burst)

    def test_watch_is_lost(self):
        burst = self.start_burst()
        burst.wait_answered(50)
        for _ in range(15):
            self.proxy.cut()
            time.sleep(0.1)
        self.check(burst)

    def test_api_server_restarts(self):
        burst = self.start_burst()
        burst.wait_answered(150)
        self.plane.restart_apiserver(kill=True)
        self.check(burst)

    def test_history_is_compacted(self):
        """podfit is cut off while pods come and go, and what it would resume from is gone: 410, a new list."""
        old = [self.create(project('old-%d' % number)) for number in range(20)]
        self.wait_bound(*old)
        self.podfit.wait_until_sees(3)
        self.proxy.close()
        for obj in old:
            self.api.delete('Pod', 'cocalc', obj['metadata']['name'])
        kept = [self.api.create(dict(project('kept-%d' % number), metadata={
            'name': 'kept-%d' % number, 'namespace': 'cocalc', 'labels': {'run': 'project', 'podfit': 'look-away'}})) for number in range(10)]
        self.plane.compact()
        self.plane.restart_apiserver(kill=True)
        self.proxy.open()
        self.podfit.wait_until_sees(3)
        self.assertEqual(len(kept), self.podfit.stats()['model']['pods'])
        for obj in kept:
            self.api.delete('Pod', 'cocalc', obj['metadata']['name'])
        self.podfit.wait_until_sees(3)
        self.check(self.start_burst())


def envtest_assets(folder):
    """The environment of somebody who has etcd, kube-apiserver and kubectl of envtest in a folder, and the other two on the PATH."""
    built = binaries()
    for part, programs in (('assets', ('etcd', 'kube-apiserver', 'kubectl')), ('path', ('kube-controller-manager', 'kube-scheduler'))):
        os.mkdir(os.path.join(folder, part))
        for program in programs:
            os.symlink(os.path.join(built, program), os.path.join(folder, part, program))
    return {'KUBEBUILDER_ASSETS': os.path.join(folder, 'assets'), 'XDG_CACHE_HOME': folder,
            'PATH': os.path.join(folder, 'path') + os.pathsep + os.environ['PATH']}


class LongOutage(Broken):
    """On a control plane of KUBEBUILDER_ASSETS: the other way to get one."""
    config = CONFIG.replace('reservationTTL: 15s', 'reservationTTL: %ds' % SHORT_TTL_S)

    @classmethod
    def start_plane(cls):
        if not os.environ.get('KUBEBUILDER_ASSETS'):
            folder = cls.stack.enter_context(tempfile.TemporaryDirectory())
            cls.stack.enter_context(mock.patch.dict(os.environ, envtest_assets(folder)))
        plane = super().start_plane()
        assert os.path.basename(plane.bin).startswith('assets-'), plane.bin
        return plane

    def test_watch_is_lost_for_longer_than_the_ttl(self):
        """Nobody can claim a reservation meanwhile, so none runs out: the same room is not promised twice."""
        burst = self.start_burst()
        burst.wait_answered(100)
        self.proxy.close()
        burst.join()
        time.sleep(2 * SHORT_TTL_S)
        again = Burst(self.api, [project('again-%d' % number) for number in range(100)], CLIENTS).start().join()
        self.assertEqual((again.failed, again.admitted), ([], []), 'full is full')
        self.assertGreater(self.held(), 0, 'the watch was cut before the burst was over')
        self.proxy.open()
        self.check(burst)
        wait_until(lambda: self.held() == 0, 'the end of reservations that nobody claims', PATIENCE)

    def held(self):
        return self.podfit.stats()['model']['reservations']


if __name__ == '__main__':
    scenario.main()
