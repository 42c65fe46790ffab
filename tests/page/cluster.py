"""Clusters of a wanted number of nodes for the tests of the status page, the same each time."""
import json

# The beginning of a configuration, up to its first class.
PROJECTS = '''apiVersion: config.podfit.io/v1
kind: PodfitConfiguration
classes:
- name: projects
  match: {namespaces: [cocalc]}
  defaultQuotas: {mem: 2000, mem_oc: 10, cpu: 1, cpu_oc: 20}
  requests: replace
  onNever: reject
  onFull: reject
'''
CONFIG = PROJECTS + '''- name: workspaces
  match: {namespaces: [ide]}
  defaultQuotas: {mem: 16000, mem_oc: 1, cpu: 3, cpu_oc: 1}
  requests: replace
  onNever: reject
  onFull: reject
- name: notebooks
  match: {namespaces: [jhub]}
  requests: keep
  onNever: reject
  onFull: annotate
fit:
  reservationTTL: 600s
'''
LABEL = 'cloud.google.com/gke-nodepool'
POOLS = ('projects', 'core', 'gpu', 'projects-spot-europe-west4-a-2026-burst')
# Hostile in every way that matters to HTML; no API server would take such names, a snapshot may have them.
EVIL = '"><img src=x onerror="window.pwned=1"><script>window.pwned=2</script>\'\u202e&amp;\x07'


def pool_of(number, count):
    return POOLS[0] if count <= 3 or number % 2 else POOLS[number // 2 % len(POOLS)]


def node(number, count):
    pool = pool_of(number, count)
    spec = {}
    taints = []
    if pool == 'gpu':
        taints.append({'key': 'nvidia.com/gpu', 'value': 'present', 'effect': 'NoSchedule'})
    if number % 29 == 7:
        taints.append({'key': 'node.kubernetes.io/not-ready', 'effect': 'NoSchedule'})
    if taints:
        spec['taints'] = taints
    if number % 17 == 2:
        spec['unschedulable'] = True
    name = '%s-%04d' % (pool, number)
    return {'kind': 'Node', 'apiVersion': 'v1', 'metadata': {'name': name, 'labels': {LABEL: pool, 'kubernetes.io/hostname': name}}, 'spec': spec,
            'status': {'allocatable': {'cpu': '15890m', 'memory': '60Gi', 'pods': '110'}}}


def pod(name, on, cpu, memory):
    container = {'name': 'c', 'image': 'c', 'resources': {'requests': {'cpu': cpu, 'memory': memory}}}
    return {'kind': 'Pod', 'apiVersion': 'v1', 'metadata': {'name': 'pod-' + name, 'namespace': 'cocalc', 'uid': 'uid-' + name},
            'spec': {'nodeName': on, 'containers': [container]}, 'status': {'phase': 'Running'}}


def pods_of(number, count, on):
    """From nearly empty to nearly full: one pod of some size, or, where the cluster is not too large for it, small ones by the dozen as on a real node."""
    if not 3 < count <= 300:
        cpu, memory = (('500m', '2Gi'), ('3', '14Gi'), ('8', '30Gi'), ('13', '50Gi'), ('15', '58Gi'))[number * 7 % 5]
        return [pod('%d' % number, on, cpu, memory)]
    middle, spread = {'core': (14, 12), 'gpu': (30, 14), 'projects': (42, 30)}.get(pool_of(number, count), (8, 16))
    several = max(1, middle + (number * 7919 % 101 + number * 104729 % 103 - 101) * spread // 101)
    return [pod('%d-%d' % (number, one), on, '200m', '980Mi') for one in range(min(several, 60))]


def snapshot(count):
    nodes = [node(number, count) for number in range(count)]
    pods = [pod for number, one in enumerate(nodes) for pod in pods_of(number, count, one['metadata']['name'])]
    return json.dumps({'kind': 'List', 'apiVersion': 'v1', 'metadata': {'resourceVersion': '7'}, 'items': nodes + pods})


def hostile():
    one = {'kind': 'Node', 'apiVersion': 'v1', 'metadata': {'name': 'node' + EVIL, 'labels': {LABEL: 'pool' + EVIL}},
           'spec': {'taints': [{'key': 'taint' + EVIL, 'value': EVIL, 'effect': 'PreferNoSchedule'}]}, 'status': {'allocatable': {'cpu': '4', 'memory': '8Gi', 'pods': '10'}}}
    return json.dumps({'kind': 'List', 'apiVersion': 'v1', 'items': [one]})
