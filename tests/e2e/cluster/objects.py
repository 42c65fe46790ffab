"""Kubernetes objects that scenarios are made of."""


def node(name, cpu='8', memory='32Gi', pods=110, labels=None, taints=None, **resources):
    """A node that no kubelet stands behind: kube-scheduler needs no more."""
    amounts = {'cpu': str(cpu), 'memory': memory, 'pods': str(pods), 'ephemeral-storage': '100Gi'}
    amounts.update(resources)
    spec = {'taints': [taint(text) for text in taints]} if taints else {}
    return {'apiVersion': 'v1', 'kind': 'Node', 'metadata': {'name': name, 'labels': dict({'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux'}, **(labels or {}))},
            'spec': spec, 'status': {'allocatable': amounts, 'capacity': amounts, 'conditions': [
                {'type': 'Ready', 'status': 'True', 'reason': 'KubeletReady', 'message': 'a fake node'}]}}


def taint(text):
    """`key=value:Effect` or `key:Effect`, as kubectl taint takes it."""
    head, effect = text.rsplit(':', 1)
    key, _, value = head.partition('=')
    return dict({'key': key, 'effect': effect}, **({'value': value} if value else {}))


def project_node(name, **how):
    """A dedicated node of CoCalc (examples/config.yaml, manifests/overlays/cocalc)."""
    return node(name, labels={'cocalc-role': 'projects'}, taints=['cocalc-projects=true:NoSchedule'], **how)


def requirements(requests=None, limits=None):
    return {key: value for key, value in (('requests', requests), ('limits', limits)) if value}


def pod(namespace, name=None, requests=None, limits=None, labels=None, **spec):
    """A pod of one container; a name that ends in '-' is a generateName."""
    metadata = {'namespace': namespace, 'labels': labels or {}}
    metadata['generateName' if name.endswith('-') else 'name'] = name
    container = {'name': 'main', 'image': 'example.org/nothing:1', 'resources': requirements(requests, limits)}
    return {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': metadata, 'spec': dict({'containers': [container]}, **spec)}


def project(name, namespace='cocalc', cpu='1', memory='2000Mi', **spec):
    """A CoCalc project: limits only; podfit makes the requests from them."""
    body = pod(namespace, name, None, {'cpu': cpu, 'memory': memory}, {'run': 'project'}, **spec)
    body['spec']['containers'][0]['name'] = 'project'
    return body


def condition(obj, kind):
    for entry in obj.get('status', {}).get('conditions', []):
        if entry['type'] == kind:
            return entry
    return None


def bound(obj):
    return bool(obj['spec'].get('nodeName'))


def unschedulable(obj):
    """kube-scheduler's sentence when it has tried and failed, else None."""
    entry = condition(obj, 'PodScheduled')
    return entry.get('message', '') if entry and entry['status'] == 'False' and entry.get('reason') == 'Unschedulable' else None
