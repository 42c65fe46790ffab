"""Everything that creates pods, and everything that changes or refuses them beside podfit."""
import scenario
from kubelet import OUTCOME, Kubelet
from objects import bound, node, pod
from scenario import PATIENCE, ApiError, wait_until

CONFIG = '''apiVersion: config.podfit.io/v1
kind: PodfitConfiguration
classes:
- name: work
  match: {namespaces: [work]}
  cpuRequestToLimitPercent: 50
  memoryRequestToLimitPercent: 50
  onNever: reject
  onFull: reject
fit:
  reservationTTL: 2s
'''
SMALL = {'cpu': '200m', 'memory': '128Mi'}


def template(limits=None, outcome='runs', **spec):
    body = pod('work', 'unused', None, limits or SMALL, {'app': 'w', OUTCOME: outcome}, **spec)
    return {'metadata': {'labels': body['metadata']['labels']}, 'spec': body['spec']}


def workload(kind, version, name, spec):
    return {'apiVersion': version, 'kind': kind, 'metadata': {'name': name, 'namespace': 'work'}, 'spec': spec}


SELECTOR = {'matchLabels': {'app': 'w'}}


class Workloads(scenario.Scenario):
    namespaces = ('work',)
    config = CONFIG

    def setUp(self):
        super().setUp()
        self.create_nodes(node('n0', cpu='1', memory='2Gi'), node('n1', cpu='1', memory='2Gi'))
        kubelet = Kubelet(self.api)
        kubelet.__enter__()
        self.addCleanup(kubelet.__exit__)
        self.serve()

    def requests_of(self, made):
        return made['spec']['containers'][0]['resources']['requests']

    def wait_bound_number(self, number):
        self.wait_for_controller(lambda: sum(map(bound, self.api.list('Pod', 'work'))) == number,
                                 lambda: '%d bound pods of %s' % (number, [p['metadata']['name'] for p in self.api.list('Pod', 'work')]), 'work')

    def check_refused_by(self, kind, name, reason='FailedCreate'):
        def said():
            return [e['message'] for e in self.events('work', reason) if e['involvedObject']['name'].startswith(name)]
        messages = wait_until(said, 'an Event of ' + kind, PATIENCE)
        self.assertIn('denied the request: 0/2 nodes are available: 2 Insufficient cpu', messages[0])

    def test_deployment(self):
        self.create(workload('Deployment', 'apps/v1', 'web', {'replicas': 30, 'selector': SELECTOR, 'template': template()}))
        self.wait_bound_number(20)
        self.check_refused_by('Deployment', 'web')
        self.assertEqual({str(self.requests_of(p)) for p in self.api.list('Pod', 'work')}, {str({'cpu': '100m', 'memory': '64Mi'})})

    def test_rolling_update(self):
        """A full Deployment rolls: the surge is refused, old pods go, new ones take their room."""
        rolling = {'type': 'RollingUpdate', 'rollingUpdate': {'maxSurge': 1, 'maxUnavailable': 2}}
        self.create(workload('Deployment', 'apps/v1', 'web', {'replicas': 4, 'selector': SELECTOR, 'strategy': rolling, 'template': template({'cpu': '1', 'memory': '128Mi'})}))
        self.wait_bound_number(4)
        self.api.patch('Deployment', 'work', 'web', {'spec': {'template': {'metadata': {'annotations': {'version': '2'}}}}})

        def rolled():
            status = self.api.get('Deployment', 'work', 'web')['status']
            return status.get('observedGeneration') == 2 and status.get('updatedReplicas') == 4 and status.get('availableReplicas') == 4 and status['replicas'] == 4
        self.wait_for_controller(rolled, lambda: 'the new version: %s' % self.api.get('Deployment', 'work', 'web')['status'], 'work', 2 * PATIENCE)

    def test_job_and_cron_job(self):
        spec = {'completions': 6, 'parallelism': 6, 'template': template(outcome='succeeds', restartPolicy='Never')}
        self.create(workload('Job', 'batch/v1', 'count', spec))
        wait_until(lambda: self.api.get('Job', 'work', 'count')['status'].get('succeeded') == 6, 'the end of the Job', PATIENCE)
        self.create(workload('CronJob', 'batch/v1', 'tick', {'schedule': '0 0 1 1 *', 'jobTemplate': {'spec': dict(spec, completions=1, parallelism=1)}}))
        self.plane.kubectl('create', 'job', '-n', 'work', '--from=cronjob/tick', 'now')
        wait_until(lambda: self.api.get('Job', 'work', 'now')['status'].get('succeeded') == 1, 'the end of the CronJob\'s Job', PATIENCE)
        large = {'template': template({'cpu': '8', 'memory': '128Mi'}, restartPolicy='Never')}
        self.create(workload('Job', 'batch/v1', 'large', large))
        self.check_refused_by('Job', 'large')

    def test_daemon_set(self):
        self.create(workload('DaemonSet', 'apps/v1', 'agent', {'selector': SELECTOR, 'template': template()}))
        self.wait_bound_number(2)
        self.assertEqual({p['spec']['nodeName'] for p in self.api.list('Pod', 'work')}, {'n0', 'n1'})
        for obj in self.api.list('Pod', 'work'):
            self.assertEqual(obj['metadata']['annotations']['podfit.io/verdict'], 'fits')

    def test_generate_name(self):
        made = [self.create(pod('work', 'bare-', None, SMALL)) for _ in range(5)]
        self.assertEqual(len({m['metadata']['name'] for m in made}), 5)
        self.wait_bound(*made)

    def test_sidecars_and_init_containers(self):
        def containers(main, side, init):
            body = pod('work', 'with-sidecar', None, {'cpu': main, 'memory': '64Mi'})
            body['spec']['initContainers'] = [
                {'name': 'side', 'image': 'example.org/side:1', 'restartPolicy': 'Always', 'resources': {'limits': {'cpu': side, 'memory': '64Mi'}}},
                {'name': 'init', 'image': 'example.org/init:1', 'resources': {'limits': {'cpu': init, 'memory': '64Mi'}}}]
            return body
        # halves: 400 + 500 of the sidecar, then 300 + 700: both fit into 1,000; 300 + 710 does not
        made = self.create(containers('800m', '600m', '1400m'))
        self.wait_bound(made)
        self.api.delete('Pod', 'work', 'with-sidecar')
        self.assertIn('2 Insufficient cpu', self.refused(containers('800m', '600m', '1420m')))
        self.assertIn('2 Insufficient cpu', self.refused(containers('1420m', '600m', '100m')))

    def test_pod_level_resources(self):
        def whole(cpu):
            body = pod('work', 'whole', {'cpu': '100m', 'memory': '64Mi'})
            body['spec']['resources'] = {'requests': {'cpu': cpu, 'memory': '256Mi'}, 'limits': {'cpu': cpu, 'memory': '256Mi'}}
            return body
        self.assertIn('2 Insufficient cpu', self.refused(whole('2002m')))
        made = self.create(whole('2'))
        self.assertEqual(made['spec']['resources']['requests']['cpu'], '1')
        self.wait_bound(made)

    def test_limit_range(self):
        """LimitRanger's defaults are there before podfit looks."""
        limits = [{'type': 'Container', 'default': {'cpu': '400m', 'memory': '256Mi'}, 'defaultRequest': {'cpu': '400m', 'memory': '256Mi'}, 'max': {'cpu': '1500m'}}]
        self.create({'apiVersion': 'v1', 'kind': 'LimitRange', 'metadata': {'name': 'defaults', 'namespace': 'work'}, 'spec': {'limits': limits}})
        made = wait_until(self.defaulted, "LimitRanger's defaults", PATIENCE)
        self.assertEqual(self.requests_of(made), {'cpu': '200m', 'memory': '128Mi'})
        with self.assertRaises(ApiError) as caught:  # a yes of podfit is not the last word
            self.create(pod('work', 'above', None, {'cpu': '1800m', 'memory': '64Mi'}))
        self.assertIn('maximum cpu usage per Container is 1500m', caught.exception.message)

    def defaulted(self):
        """The dry-run creation of a pod without resources, once LimitRanger has seen the LimitRange."""
        made = self.api.create(pod('work', 'plain'), dry_run=True)
        return made if made['spec']['containers'][0]['resources'] else None

    def test_resource_quota(self):
        """The quota counts the rewritten requests; what it refuses after podfit's yes gives its room back."""
        quota = {'hard': {'requests.cpu': '500m', 'count/pods': '10'}}
        self.create({'apiVersion': 'v1', 'kind': 'ResourceQuota', 'metadata': {'name': 'team', 'namespace': 'work'}, 'spec': quota})
        wait_until(lambda: self.api.get('ResourceQuota', 'work', 'team').get('status', {}).get('used'), 'the quota', PATIENCE)
        made = [self.create(pod('work', 'p-%d' % n, None, SMALL)) for n in range(5)]
        self.wait_bound(*made)
        for number in range(16):  # as many as would fill both nodes if their room stayed held
            with self.assertRaises(ApiError):
                self.create(pod('work', 'over-%d' % number, None, SMALL))
        self.api.delete('ResourceQuota', 'work', 'team')
        self.wait_room_for(15)

    def wait_room_for(self, number):
        """Creates so many pods; each may have to wait until reservations that nobody claimed have run out."""
        for index in range(number):
            def created(name='later-%d' % index):
                try:
                    return self.create(pod('work', name, None, SMALL))
                except ApiError:
                    return None
            wait_until(created, 'room for pod %d' % index, PATIENCE, 0.1)
        self.wait_bound_number(number + 5)

    def test_name_collision(self):
        self.create(pod('work', 'twice', None, SMALL))
        with self.assertRaises(ApiError) as caught:
            self.create(pod('work', 'twice', None, SMALL))
        self.assertEqual(caught.exception.status, 409)


if __name__ == '__main__':
    scenario.main()
