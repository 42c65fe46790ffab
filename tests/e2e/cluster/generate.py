"""Random clusters and random pods over the rules that kube-scheduler filters by. Small numbers on purpose: they meet often."""
from objects import node, pod, requirements

ZONES, DISKS, APPS = ('a', 'b', 'c'), ('ssd', 'hdd'), ('red', 'green', 'blue')
TAINTS = ('team=%s:NoSchedule', 'spot:NoSchedule', 'old:PreferNoSchedule')
ZONE, HOST = 'topology.kubernetes.io/zone', 'kubernetes.io/hostname'

CLASSES = [{'apiVersion': 'scheduling.k8s.io/v1', 'kind': 'PriorityClass', 'metadata': {'name': name}, 'value': value, 'preemptionPolicy': policy}
           for name, value, policy in (('low', -10, 'PreemptLowerPriority'), ('high', 1000, 'PreemptLowerPriority'), ('polite', 1000, 'Never'))]
CLASSES.append({'apiVersion': 'storage.k8s.io/v1', 'kind': 'StorageClass', 'metadata': {'name': 'local'}, 'provisioner': 'kubernetes.io/no-provisioner',
                'volumeBindingMode': 'WaitForFirstConsumer'})


def chance(random, share):
    return random.random() < share


def random_node(random, number):
    labels = {ZONE: random.choice(ZONES), 'disk': random.choice(DISKS), 'size': str(random.randrange(4))}
    taints = [text % random.choice('xy') if '%' in text else text for text in random.sample(TAINTS, random.choice((0, 0, 0, 1, 2)))]
    more = {'example.org/gpu': str(random.randrange(1, 4))} if chance(random, 0.3) else {}
    obj = node('node-%d' % number, cpu='%dm' % random.choice((500, 1000, 2000, 4000)), memory='%dMi' % random.choice((512, 1024, 4096)),
               pods=random.choice((3, 5, 20)), labels=labels, taints=taints, **more)
    if chance(random, 0.1):
        obj['spec']['unschedulable'] = True
    return obj


def random_volumes(random, nodes):
    """Local volumes, each on a node; some are too small for the claims of random_pod()."""
    def volume(number):
        terms = [{'matchExpressions': [{'key': HOST, 'operator': 'In', 'values': ['node-%d' % random.randrange(nodes)]}]}]
        return {'apiVersion': 'v1', 'kind': 'PersistentVolume', 'metadata': {'name': 'volume-%d-%d' % (number, random.randrange(1000000))}, 'spec': {
            'capacity': {'storage': random.choice(('20Gi', '60Gi', '60Gi'))}, 'accessModes': ['ReadWriteOnce'], 'storageClassName': 'local',
            'local': {'path': '/mnt/%d' % number}, 'nodeAffinity': {'required': {'nodeSelectorTerms': terms}}}}
    return [volume(number) for number in range(random.randrange(2, 6))]


def random_budgets(random, namespace):
    """PodDisruptionBudgets that may overlap; the real controller says how many disruptions each allows."""
    def budget(number):
        amount = random.choice(({'minAvailable': 1}, {'minAvailable': '50%'}, {'maxUnavailable': 0}, {'maxUnavailable': 1}))
        return {'apiVersion': 'policy/v1', 'kind': 'PodDisruptionBudget', 'metadata': {'name': 'budget-%d' % number, 'namespace': namespace},
                'spec': dict(amount, selector={'matchLabels': {'app': random.choice(APPS)}})}
    return [budget(number) for number in range(random.randrange(4))]


def meek(obj):
    """The pod as one that is no more important than others: a nomination stands against it."""
    if obj['spec'].get('priorityClassName') != 'low':
        obj['spec'].pop('priorityClassName', None)
    return obj


def random_requirement(random):
    return random.choice((
        {'key': 'disk', 'operator': 'In', 'values': [random.choice(DISKS)]}, {'key': 'disk', 'operator': 'NotIn', 'values': [random.choice(DISKS)]},
        {'key': ZONE, 'operator': 'In', 'values': random.sample(ZONES, 2)}, {'key': 'size', 'operator': 'Gt', 'values': [str(random.randrange(4))]},
        {'key': 'size', 'operator': 'Lt', 'values': [str(random.randrange(4))]}, {'key': 'missing', 'operator': 'DoesNotExist'},
        {'key': 'missing', 'operator': 'Exists'}))


def node_affinity(random):
    terms = [{'matchExpressions': [random_requirement(random) for _ in range(random.choice((1, 1, 2)))]} for _ in range(random.choice((1, 1, 2)))]
    return {'requiredDuringSchedulingIgnoredDuringExecution': {'nodeSelectorTerms': terms}}


def pod_terms(random):
    return {'requiredDuringSchedulingIgnoredDuringExecution': [{'labelSelector': {'matchLabels': {'app': random.choice(APPS)}}, 'topologyKey': random.choice((ZONE, HOST))}]}


def random_affinity(random):
    parts = {}
    if chance(random, 0.25):
        parts['nodeAffinity'] = node_affinity(random)
    if chance(random, 0.12):
        parts['podAffinity'] = pod_terms(random)
    if chance(random, 0.15):
        parts['podAntiAffinity'] = pod_terms(random)
    return parts


def random_toleration(random):
    return random.choice(({'key': 'team', 'operator': 'Equal', 'value': random.choice('xy'), 'effect': 'NoSchedule'}, {'key': 'team', 'operator': 'Exists'},
                          {'key': 'spot', 'operator': 'Exists', 'effect': 'NoSchedule'}, {'operator': 'Exists'}))


def spread(random, app):
    return [{'maxSkew': random.choice((1, 2)), 'topologyKey': random.choice((ZONE, HOST)), 'whenUnsatisfiable': 'DoNotSchedule',
             'labelSelector': {'matchLabels': {'app': app}}}]


def random_resources(random):
    cpu, memory = random.choice((50, 100, 300, 700, 1500)), random.choice((32, 64, 200, 600, 2000))
    limits = {'cpu': '%dm' % cpu, 'memory': '%dMi' % memory}
    requests = {'cpu': '%dm' % max(cpu // random.choice((1, 2, 10)), 1), 'memory': '%dMi' % max(memory // random.choice((1, 2, 10)), 1)}
    if chance(random, 0.1):  # extended resources are asked for by limits
        limits['example.org/gpu'] = str(random.randrange(1, 3))
        return None, limits
    return requests if chance(random, 0.7) else None, limits if chance(random, 0.8) else None


def more_containers(random, spec):
    if chance(random, 0.15):
        requests, limits = random_resources(random)
        spec['initContainers'] = [{'name': 'init', 'image': 'example.org/init:1', 'resources': requirements(requests, limits)}]
        if chance(random, 0.5):
            spec['initContainers'][0]['restartPolicy'] = 'Always'
    if chance(random, 0.15):
        spec['containers'].append({'name': 'second', 'image': 'example.org/second:1', 'resources': {'requests': {'cpu': '20m', 'memory': '16Mi'}}})
    if chance(random, 0.08):
        spec['resources'] = {'requests': {'cpu': '3', 'memory': '1Gi'}} if chance(random, 0.3) else {'requests': {'cpu': '2100m', 'memory': '2700Mi'}}


def random_pod(random, namespace, name):
    app = random.choice(APPS)
    requests, limits = random_resources(random)
    obj = pod(namespace, name, requests, limits, {'app': app})
    spec = obj['spec']
    affinity = random_affinity(random)
    if affinity:
        spec['affinity'] = affinity
    if chance(random, 0.15):
        spec['nodeSelector'] = {'disk': random.choice(DISKS)}
    if chance(random, 0.4):
        spec['tolerations'] = [random_toleration(random)]
    if chance(random, 0.15):
        spec['topologySpreadConstraints'] = spread(random, app)
    if chance(random, 0.12):
        spec['containers'][0]['ports'] = [{'containerPort': 8080, 'hostPort': random.choice((8080, 8081))}]
    more_containers(random, spec)
    if chance(random, 0.4):
        spec['priorityClassName'] = random.choice(('low', 'low', 'high', 'polite'))
    if chance(random, 0.15):
        claim = 'claim-of-' + name
        spec['volumes'] = [{'name': claim, 'persistentVolumeClaim': {'claimName': claim}}]
    return obj
