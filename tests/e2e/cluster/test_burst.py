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

    def check_predictions(self):
        """What podfit counts of itself: every yes was right."""
        def predictions():
            return {key: self.podfit.stats()['predictions'][key] for key in ('right', 'wrong', 'early', 'untracked')}
        wait_until(lambda: predictions() == {'right': ROOM, 'wrong': 0, 'early': 0, 'untracked': 0}, lambda: 'the counters: %s' % predictions(), PATIENCE, 0.1)
        said = self.podfit.stats()['predictions']
        self.assertEqual((said['accuracy'], said['outcomes']['fits']['bound'], said['mispredictions']), (1, ROOM, []))
        metrics = self.podfit.ops('/metrics')[1].splitlines()
        for line in ('podfit_prediction_outcomes_total{verdict="fits",outcome="bound"} %d' % ROOM, 'podfit_predictions_total{result="right"} %d' % ROOM,
                     'podfit_predictions_total{result="wrong"} 0', 'podfit_pod_bind_seconds_count %d' % ROOM):
            self.assertIn(line, metrics)

    def test_exactly_what_fits(self):
        for number in range(3):
            self.serve()
            burst = self.burst(number)
            self.assertEqual((burst.failed, len(burst.admitted), len(burst.refused)), ([], ROOM, CREATIONS - ROOM))
            self.check_all_bound()
            self.check_predictions()
            self.doCleanups()
            self.api.delete_all('Pod', 'cocalc')
            wait_until(lambda: not self.api.list('Pod', 'cocalc'), 'an empty namespace', PATIENCE)


if __name__ == '__main__':
    scenario.main()
