#!/usr/bin/env python3
"""outcomes.py PODFIT [SCENARIO ...]   compare `podfit check` with what the real scheduler did

For every recorded CREATE review of a pod the cluster is rebuilt as it was just before it (expand.py) and `podfit check --independent` is asked, without a
configuration. Where the scheduler gave a verdict, podfit's must be the same, with the same message, the scheduler's words about preemption included. A pod
that had to wait for pods to be evicted fits, and podfit must have said whom. The
pods of a burst are asked in one go on the state before the burst, each holding its room for the next: podfit has to know what the watch does not show yet.
podfit may say `unknown` only where a filter is needed that it does not have. The counts of each scenario are asserted, so that a change of any answer shows.
Python 3, standard library only."""
import importlib.util
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDED = os.path.join(HERE, '..', 'reference', 'recorded')

# what podfit reads
KINDS = {'Node', 'Pod', 'Namespace', 'PersistentVolumeClaim', 'PersistentVolume', 'StorageClass', 'CSINode', 'CSIDriver', 'CSIStorageCapacity', 'VolumeAttachment',
         'DeviceClass', 'PriorityClass', 'PodDisruptionBudget'}

# scenario: steps with a verdict of the scheduler, by how podfit's answer relates to it
EXPECTED = {
    'cocalc-memory': {'agreed': 39},
    'coditect': {'agreed': 30},
    'coditect-burst': {'agreed': 42},
    'coditect-pvc': {'agreed': 27},
    'jupyterhub': {'agreed': 34},
    'mixed-api': {'agreed': 21},
    'mixed-resources': {'agreed': 46},
}


def load_expand():
    spec = importlib.util.spec_from_file_location('expand', os.path.join(RECORDED, 'expand.py'))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


expand = load_expand()


def scenarios():
    return sorted(d for d in os.listdir(RECORDED) if os.path.exists(os.path.join(RECORDED, d, 'steps.jsonl')))


def is_create(review):
    request = review['request']
    return request['operation'] == 'CREATE' and request['resource'] == {
        'group': '', 'version': 'v1', 'resource': 'pods'} and 'subResource' not in request


def needs_more(pod):
    """does the scheduler need a filter for this pod that podfit lacks? Written from the pod, not from podfit's answer."""
    spec = pod['spec']
    if spec.get('resourceClaims'):
        return True
    return False


class Checker:
    def __init__(self, podfit, folder):
        self.podfit = podfit
        self.snapshot = os.path.join(folder, 'snapshot.json')
        self.review = os.path.join(folder, 'review.json')

    def ask(self, state, reviews):
        with open(self.snapshot, 'w', encoding='utf8') as f:
            json.dump(expand.as_list(state, KINDS), f)
        with open(self.review, 'w', encoding='utf8') as f:
            for review in reviews:
                json.dump(review, f)
                f.write('\n')
        independent = ['--independent'] if len(reviews) == 1 else []
        done = subprocess.run([self.podfit, 'check', '-o', 'json', '--snapshot', self.snapshot, '-f', self.review] + independent,
                              capture_output=True, text=True, timeout=60, check=False)
        if done.returncode not in (0, 1):
            raise AssertionError('podfit check: exit %d: %s' % (done.returncode, done.stderr))
        items = json.loads(done.stdout)['items']
        assert len(items) == len(reviews), items
        return items


def evicted(step, lines):
    """pods that went while the step lasted"""
    return [line['event']['object'] for line in lines
            if line['step'] == step['step'] and 'event' in line and line['event']['type'] == 'DELETED' and line['event']['object']['kind'] == 'Pod']


def importance(pod):
    """what the scheduler chooses victims by; among equals the order in which it heard of them decides, which no snapshot tells"""
    return pod['spec'].get('priority', 0), pod['status'].get('startTime')


def judge_preemption(step, item, state, lines):
    """-> what differs, where podfit says that pods have to go first"""
    later = step.get('later', {})
    if step['outcome'] != 'unschedulable' or later.get('outcome') != 'bound':
        return '%s, podfit says that %s go' % (step['outcome'], item['preemption'])
    if item['message'] != step['message']:
        return '%r, podfit says %r' % (step['message'], item['message'])
    pods = {'%s/%s' % (o['metadata']['namespace'], o['metadata']['name']): o for o in state.values() if o['kind'] == 'Pod'}
    gone = {importance(pod) for pod in evicted(step, lines)}
    if item['preemption']['node'] == later['node'] and not {importance(pods[name]) for name in item['preemption']['victims']} <= gone:
        return '%s go, podfit says %s' % (gone, item['preemption'])
    return ''


def judge(step, item, state, lines):
    """-> (agreed | unknown | '', what differs)"""
    outcome, verdict, pod = step['outcome'], item['verdict'], step['review']['request']['object']
    if step.get('reason') == 'SchedulerError':  # the attempt ended in an error, not in a verdict
        return ('agreed', '') if verdict == 'unknown' and 'kube-scheduler fails' in item['explanation'] else (
            '', '%s, podfit says %s: %s' % (step['message'], verdict, item['explanation']))
    if verdict == 'unknown':
        return ('unknown', '') if needs_more(pod) else ('', 'unknown without need: ' + item['explanation'])
    if 'preemption' in item:
        difference = judge_preemption(step, item, state, lines)
        return '' if difference else 'agreed', difference
    if outcome == 'bound':
        wanted = ('notJudged',) if pod['spec'].get('nodeName') else ('fits',)
    elif outcome == 'unschedulable':
        wanted = ('full', 'never')
    else:
        wanted = ('notJudged',)
    if verdict not in wanted:
        return '', '%s, podfit says %s: %s' % (outcome, verdict, item['message'])
    message = ' '.join([item['message'], item.get('postFilter', '')]).strip()
    if outcome == 'unschedulable' and message != step['message']:
        return '', '%r, podfit says %r' % (step['message'], message)
    return 'agreed', ''


def judged(step):
    return (step['review'] and is_create(step['review']) and
            step['outcome'] in ('bound', 'unschedulable', 'gated', 'not-scheduled'))


def with_claims(state, step, lines):
    """the state with the claims that a watch had shown when the review came: the StatefulSet controller makes them right before the pod"""
    seen = [line for line in lines if line['step'] == step['step'] and 'event' in line and line['t_ms'] < step['t_ms'] and
            line['event']['object']['kind'] == 'PersistentVolumeClaim']
    if not seen:
        return state
    after = dict(state)
    for line in seen:
        expand.apply(after, line['event'])
    return after


def groups(scenario):
    """-> (steps that are asked together, the state before the first of them)"""
    state = {expand.key(o): o for o in expand.initial(scenario)['items']}
    steps, before = [], None
    lines = [json.loads(line) for line in expand.lines(scenario)]
    for step in lines:
        if 'event' in step:
            expand.apply(state, step['event'])
            continue
        burst = step.get('burst', {}).get('first_step')
        if steps and (burst is None or burst != steps[0]['burst']['first_step']):
            yield steps, before
            steps = []
        if not judged(step):
            continue
        if burst is None:
            yield [step], with_claims(state, step, lines)
            continue
        if not steps:
            before = dict(state)
        steps.append(step)
    if steps:
        yield steps, before


def compare(name, step, answer, complaints):
    """-> the kind of answer, to be counted"""
    kind, difference = answer
    if not kind:
        complaints.append('%s (%s): %s' % (name, step['what'], difference))
        kind = 'wrong'
    return kind


def run(checker, scenario, complaints):
    counts = {}
    lines = [json.loads(line) for line in expand.lines(scenario)]
    for steps, state in groups(scenario):
        items = checker.ask(state, [step['review'] for step in steps])
        for step, item in zip(steps, items):
            kind = compare('%s %d' % (scenario, step['step']), step, judge(step, item, state, lines), complaints)
            counts[kind] = counts.get(kind, 0) + 1
    return counts


def main(args):
    complaints = []
    with tempfile.TemporaryDirectory() as folder:
        checker = Checker(args[0], folder)
        for scenario in args[1:] or scenarios():
            counts = run(checker, scenario, complaints)
            print('%-16s' % scenario, counts, flush=True)
            if EXPECTED.get(scenario) != counts:
                complaints.append('%s: %s expected' % (scenario, EXPECTED.get(scenario)))
    for complaint in complaints:
        print('FAILED', complaint)
    return 1 if complaints else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
