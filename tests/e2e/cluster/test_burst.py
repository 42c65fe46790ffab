"""A thousand creations by 64 clients into room for 400: exactly 400 are admitted, and every one of them is bound."""
import time

import scenario
from load import Burst
from objects import bound, project, project_node
from scenario import PATIENCE, wait_until

CREATIONS, ROOM, CLIENTS = 1000, 400, 64


class BurstOfCreations(scenario.Scenario):
    namespaces = ('cocalc',)

    def setUp(self):
        super().setUp()
        # three kinds of node, each full by something else: 100 by pod slots, 150 by memory, 150 by CPU
        self.create_nodes(project_node('slots', pods=100), project_node('memory', memory='%dMi' % (150 * 200), pods=500),
                          project_node('cpu', cpu='%dm' % (150 * 50), memory='512Gi', pods=500))

    def burst(self, round_number):
        pods = [project('r%d-project-%d' % (round_number, n)) for n in range(CREATIONS)]
        begin = time.monotonic()
        burst = Burst(self.api, pods, CLIENTS).start().join()
        print('%d creations in %.1f s' % (CREATIONS, time.monotonic() - begin), flush=True)
        return burst

    def check_all_bound(self):
        wait_until(lambda: all(map(bound, self.api.list('Pod', 'cocalc'))), 'the binding of every admitted pod', PATIENCE, 0.1)
        self.assertEqual(len(self.api.list('Pod', 'cocalc')), ROOM)

    def test_exactly_what_fits(self):
        for number in range(3):
            self.serve()
            burst = self.burst(number)
            self.assertEqual((burst.failed, len(burst.admitted), len(burst.refused)), ([], ROOM, CREATIONS - ROOM))
            self.check_all_bound()
            self.doCleanups()
            self.api.delete_all('Pod', 'cocalc')
            wait_until(lambda: not self.api.list('Pod', 'cocalc'), 'an empty namespace', PATIENCE)


if __name__ == '__main__':
    scenario.main()
