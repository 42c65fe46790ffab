"""The little of a kubelet that controllers wait for: pods that are being deleted go, pods that ask for it run or end."""
import threading

from api import ApiError

PAUSE_S = 0.1
# label of a pod: what becomes of it once it is bound
OUTCOME = 'e2e.podfit.io/outcome'
PHASES = {'succeeds': 'Succeeded', 'fails': 'Failed', 'runs': 'Running'}


class Kubelet:
    """A thread over all fake nodes; `with Kubelet(api)`. `default` is the outcome of pods without the label: None leaves them as they are.

    While `patient` is true, pods that are being deleted take their time: they stay."""

    def __init__(self, api, default=None):
        self.api, self.default = api, default
        self.patient = False
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()

    def work(self):
        while not self.stopping.wait(PAUSE_S):
            try:
                for pod in self.api.list('Pod'):
                    self.care(pod)
            except (ApiError, OSError):
                pass  # gone meanwhile, or an API server that restarts: the next round sees
        self.api.close()

    def care(self, pod):
        metadata = pod['metadata']
        if metadata.get('deletionTimestamp'):
            if not self.patient:
                self.api.delete('Pod', metadata['namespace'], metadata['name'])
            return
        phase = PHASES.get(metadata.get('labels', {}).get(OUTCOME, self.default))
        if phase and pod['spec'].get('nodeName') and pod['status'].get('phase') == 'Pending':
            status = {'phase': phase, 'conditions': [{'type': 'Ready', 'status': 'True' if phase == 'Running' else 'False'}]}
            self.api.patch('Pod', metadata['namespace'], metadata['name'], {'status': status}, 'status', 'application/strategic-merge-patch+json')
