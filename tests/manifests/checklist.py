"""The rules that a rendered installation keeps, however it was rendered. Each function returns the sentences of what is wrong."""
import glob
import os
import re

import render

# kube-apiserver's names of what src/cluster decodes; the plural of a kind is no rule, so it is written down.
PLURALS = {
    'Node': 'nodes', 'Pod': 'pods', 'Namespace': 'namespaces', 'PersistentVolumeClaim': 'persistentvolumeclaims', 'PersistentVolume': 'persistentvolumes',
    'StorageClass': 'storageclasses', 'CSINode': 'csinodes', 'CSIDriver': 'csidrivers', 'CSIStorageCapacity': 'csistoragecapacities',
    'VolumeAttachment': 'volumeattachments', 'DeviceClass': 'deviceclasses', 'Service': 'services', 'ReplicationController': 'replicationcontrollers',
    'ReplicaSet': 'replicasets', 'StatefulSet': 'statefulsets', 'PodDisruptionBudget': 'poddisruptionbudgets', 'PriorityClass': 'priorityclasses',
    'RuntimeClass': 'runtimeclasses',
}


def kinds_read():
    """(API group, resource) of every kind that the sources decode: rows `{PF_SV_INIT("apps/v1"), PF_SV_INIT("ReplicaSet"), ...`."""
    found = set()
    for path in glob.glob(os.path.join(render.ROOT, 'src', 'cluster', '*.c')):
        with open(path, encoding='utf-8') as f:
            for version, kind in re.findall(r'PF_SV_INIT\("([a-z0-9./]+)"\),\s*PF_SV_INIT\("([A-Za-z]+)"\)', f.read()):
                found.add((version.rpartition('/')[0], PLURALS[kind]))
    return found


def rules_of(objects, kind, name):
    """Flattened: a set of (group or URL, resource, resource name or '', verb)."""
    out = set()
    for rule in render.one(objects, kind, name)['rules']:
        for verb in rule['verbs']:
            out.update((url, '', '', verb) for url in rule.get('nonResourceURLs', []))
            out.update((group, resource, wanted, verb) for group in rule.get('apiGroups', []) for resource in rule['resources']
                       for wanted in rule.get('resourceNames', ['']))
    return out


def security(objects):
    """The restricted Pod Security Standard and what goes beyond it."""
    spec = render.pod_spec(objects)
    container = spec['containers'][0]
    context = {**spec.get('securityContext', {}), **container.get('securityContext', {})}
    wanted = {
        'one container, no init container': len(spec['containers']) == 1 and not spec.get('initContainers'),
        'runAsNonRoot': context.get('runAsNonRoot') is True,
        'a numeric user that is not root': isinstance(context.get('runAsUser'), int) and context['runAsUser'] > 0,
        'seccomp RuntimeDefault': context.get('seccompProfile') == {'type': 'RuntimeDefault'},
        'no privilege escalation': context.get('allowPrivilegeEscalation') is False,
        'not privileged': not context.get('privileged'),
        'all capabilities dropped': context.get('capabilities') == {'drop': ['ALL']},
        'read-only root': context.get('readOnlyRootFilesystem') is True,
        'no host namespaces': not any(spec.get(k) for k in ('hostNetwork', 'hostPID', 'hostIPC')),
        'no host ports': not any('hostPort' in p for p in container['ports']),
        'volumes of the restricted profile': all(set(v) - {'name'} <= {'configMap', 'secret', 'projected', 'emptyDir'} for v in spec['volumes']),
        'no service links': spec.get('enableServiceLinks') is False,
        'mounts read-only': all(m.get('readOnly') is True for m in container['volumeMounts']),
        'mounts without subPath': not any('subPath' in m for m in container['volumeMounts']),
        'requests and a memory limit': set(container['resources']['requests']) == {'cpu', 'memory'} and 'memory' in container['resources']['limits'],
        'no CPU limit': 'cpu' not in container['resources']['limits'],
    }
    return ['not: ' + what for what, kept in wanted.items() if not kept]


def seconds(text):
    number, unit = re.fullmatch(r'(\d+)(ms|s|m|h)', text).groups()
    return int(number) * {'ms': 0.001, 's': 1, 'm': 60, 'h': 3600}[unit]


def probes(objects):
    spec = render.pod_spec(objects)
    container = spec['containers'][0]
    ports = {p['name']: p['containerPort'] for p in container['ports']}
    paths = {'startupProbe': '/livez', 'livenessProbe': '/livez', 'readinessProbe': '/readyz'}
    wrong = []
    for name, path in paths.items():
        probe = container[name]
        get = probe['httpGet']
        if get['path'] != path or ports.get(get['port']) != 8080 or get.get('scheme', 'HTTP') != 'HTTP':
            wrong.append('%s asks %s' % (name, get))
        if probe['timeoutSeconds'] < 2:
            wrong.append('%s has %d s' % (name, probe['timeoutSeconds']))
    options = render.flags(objects)
    stop = seconds(options['--shutdown-delay']) + seconds(options['--drain-timeout'])
    if spec['terminationGracePeriodSeconds'] <= stop:
        wrong.append('the grace period is not above the %d s of a stop' % stop)
    unready = container['readinessProbe']['periodSeconds'] * container['readinessProbe']['failureThreshold']
    if seconds(options['--shutdown-delay']) <= unready:
        wrong.append('readiness takes %d s to fail, longer than --shutdown-delay' % unready)
    return wrong


def webhook(objects, namespace='podfit-system'):
    config = render.one(objects, 'MutatingWebhookConfiguration')
    service = render.one(objects, 'Service', config['webhooks'][0]['clientConfig']['service']['name'])
    spec = render.pod_spec(objects)
    deployment = render.one(objects, 'Deployment')
    labels = deployment['spec']['template']['metadata']['labels']
    wrong = []
    for hook in config['webhooks']:
        target = hook['clientConfig']['service']
        excluded = hook['namespaceSelector']['matchExpressions'][0]
        wanted = {
            'a name of three parts': len(hook['name'].split('.')) >= 3,
            'no caBundle: podfit or cert-manager owns it': 'caBundle' not in hook['clientConfig'],
            'the service exists there': target['namespace'] == service['metadata'].get('namespace') == namespace,
            'the port exists': target['port'] in [p['port'] for p in service['spec']['ports']],
            'the service selects the pods and no others': service['spec']['selector'] == deployment['spec']['selector']['matchLabels'],
            'the Deployment selects its pods': deployment['spec']['selector']['matchLabels'].items() <= labels.items(),
            'v1 only': hook['admissionReviewVersions'] == ['v1'],
            'creations and resizes': hook['rules'] == [
                {'apiGroups': [''], 'apiVersions': ['v1'], 'resources': ['pods'], 'operations': ['CREATE'], 'scope': 'Namespaced'},
                {'apiGroups': [''], 'apiVersions': ['v1'], 'resources': ['pods/resize'], 'operations': ['UPDATE'], 'scope': 'Namespaced'}],
            'own namespace and kube-system left alone': excluded == {'key': 'kubernetes.io/metadata.name', 'operator': 'NotIn',
                                                                    'values': [namespace, 'kube-system', 'kube-node-lease']},
            'NoneOnDryRun': hook['sideEffects'] == 'NoneOnDryRun',
            'IfNeeded': hook['reinvocationPolicy'] == 'IfNeeded',
            'Equivalent': hook['matchPolicy'] == 'Equivalent',
            'a failure policy is said': hook['failurePolicy'] in ('Ignore', 'Fail'),
            'from 2 to 5 seconds': 2 <= hook['timeoutSeconds'] <= 5,
            'more time than podfit takes': hook['timeoutSeconds'] > seconds(render.flags(objects)['--request-timeout']),
            'mirror pods left alone': any('kubernetes.io/config.mirror' in c['expression'] for c in hook['matchConditions']),
            'the port is named': service['spec']['ports'][0]['targetPort'] in [p['name'] for p in spec['containers'][0]['ports']],
        }
        wrong += ['not: ' + what for what, kept in wanted.items() if not kept]
    return wrong
