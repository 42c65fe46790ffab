"""What an API server demands of a webhook's answer, and what podfit promises about its patches, checked with parsers and a patch library that podfit does
not use (python3-jsonpatch). Shared by the replay of recorded reviews and by the hostile ones."""
import base64
import copy
import json
from fractions import Fraction

import jsonpatch

SUFFIXES = {'n': Fraction(1, 10**9), 'u': Fraction(1, 10**6), 'm': Fraction(1, 1000), '': 1, 'k': 10**3, 'M': 10**6, 'G': 10**9, 'T': 10**12, 'P': 10**15,
            'E': 10**18, 'Ki': 2**10, 'Mi': 2**20, 'Gi': 2**30, 'Ti': 2**40, 'Pi': 2**50, 'Ei': 2**60}


def require(condition, *what):
    if not condition:
        raise AssertionError(' '.join(str(w)[:3000] for w in what))


def no_duplicates(pairs):
    keys = [key for key, _ in pairs]
    require(len(keys) == len(set(keys)), 'a key stands twice:', keys)
    return dict(pairs)


def read_response(body, uid):
    """-> (response, patch as a list); raises AssertionError when an API server would not take the answer"""
    review = json.loads(body.decode('utf8'), object_pairs_hook=no_duplicates)
    require(review.keys() == {'kind', 'apiVersion', 'response'}, 'members of the review:', review.keys())
    require(review['kind'] == 'AdmissionReview' and review['apiVersion'] == 'admission.k8s.io/v1', 'kind or apiVersion:', review)
    response = review['response']
    require(response['uid'] == uid, 'uid %r, not %r' % (response['uid'], uid))
    require(response['allowed'] in (True, False), 'allowed:', response)
    require(response.keys() <= {'uid', 'allowed', 'status', 'patch', 'patchType', 'warnings', 'auditAnnotations'}, 'members:', response.keys())
    require(('patch' in response) == ('patchType' in response), 'patch and patchType do not stand together')
    patch = []
    if 'patch' in response:
        require(response['allowed'] and response['patchType'] == 'JSONPatch', 'patchType, or a patch of a denied pod:', response)
        patch = json.loads(base64.b64decode(response['patch'], validate=True).decode('utf8'), object_pairs_hook=no_duplicates)
        require(isinstance(patch, list) and patch, 'the patch is no list with something in it')
        require(all(op['op'] in ('add', 'replace', 'remove') for op in patch), 'operations:', patch)
    require(response['allowed'] or (response['status']['code'] == 403 and response['status']['reason'] == 'Forbidden' and response['status']['message']),
            'status of a denial:', response)
    require(not response['allowed'] or 'status' not in response, 'status of an allowed pod')
    for warning in response.get('warnings', []):
        require(0 < len(warning) <= 256 and warning.isprintable(), 'warning:', warning)
    for key, value in response.get('auditAnnotations', {}).items():
        require(isinstance(value, str) and key.isalnum(), 'audit annotation:', key, value)
    return response, patch


def apply(document, patch):
    """strict RFC 6902: raises where a parent or target is absent"""
    return jsonpatch.apply_patch(document, patch) if patch else copy.deepcopy(document)


def amount(text):
    """a quantity as a number, None when it is not a plain one"""
    text = str(text)
    number = text.rstrip('numkMGTPEi')
    try:
        if 'e' in number.lower():
            mantissa, exponent = number.lower().split('e')
            return Fraction(mantissa) * Fraction(10) ** int(exponent) if abs(int(exponent)) < 100 else None
        return Fraction(number) * SUFFIXES[text[len(number):]]
    except (ValueError, KeyError, ZeroDivisionError):
        return None


def resource_holders(pod):
    spec = pod.get('spec') or {}
    return [spec] + [c for key in ('initContainers', 'containers') for c in spec.get(key) or [] if isinstance(c, dict)]


def requests_within_limits(pod):
    """(holder, resource) pairs whose request is over the limit"""
    over = set()
    for index, holder in enumerate(resource_holders(pod)):
        resources = holder.get('resources') or {}
        for name in ('cpu', 'memory'):
            request, limit = amount((resources.get('requests') or {}).get(name)), amount((resources.get('limits') or {}).get(name))
            if request is not None and limit is not None and request > limit:
                over.add((index, name))
    return over


def without_ours(pod):
    """the pod without everything that podfit may write"""
    pod = copy.deepcopy(pod)
    annotations = (pod.get('metadata') or {}).get('annotations')
    if annotations is not None:
        pod['metadata']['annotations'] = {k: v for k, v in annotations.items() if not k.startswith('podfit.io/')}
    if pod.get('metadata') and not pod['metadata'].get('annotations'):
        pod['metadata'].pop('annotations', None)
    for key in ('initContainers', 'containers'):
        if (pod.get('spec') or {}).get(key):
            pod['spec'][key] = [c if c is not None else {} for c in pod['spec'][key]]
    for key in ('tolerations', 'nodeSelector', 'schedulingGates'):
        (pod.get('spec') or {}).pop(key, None)
    for holder in resource_holders(pod):
        if isinstance(holder.get('resources'), dict):
            for kind in ('requests', 'limits'):
                values = holder['resources'].get(kind)
                if isinstance(values, dict):
                    holder['resources'][kind] = {k: v for k, v in values.items() if k not in ('cpu', 'memory')}
                if not holder['resources'].get(kind):
                    holder['resources'].pop(kind, None)
        if not holder.get('resources'):
            holder.pop('resources', None)
    for part in ('metadata', 'spec'):
        if not pod.get(part):
            pod.pop(part, None)
    return pod


def only_ours_changed(before, after):
    require(without_ours(before) == without_ours(after), 'something else was changed:', before, after)
    for old, new in zip((before.get('spec') or {}).get('tolerations') or [], (after.get('spec') or {}).get('tolerations') or []):
        require(old == new, 'a toleration was changed')
    for key, value in ((before.get('spec') or {}).get('nodeSelector') or {}).items():
        require(after['spec']['nodeSelector'][key] == value, 'a node selector was changed')


def exchange(post, review):
    """One review and its reinvocation: all that is promised about a pod that is patched. post(review) -> (status, body). -> response or None"""
    request = review['request']
    status, body = post(review)
    require(status in (200, 400), 'status', status, body)
    if status == 400:
        require(body.startswith(b'podfit: ') and body.endswith(b'\n') and len(body) < 2048, 'refusal:', body)
        return None
    response, patch = read_response(body, request['uid'])
    if not patch:
        return response
    before = request['object']
    after = apply(before, patch)
    only_ours_changed(before, after)
    require(requests_within_limits(after) <= requests_within_limits(before), 'request over limit:', after)
    if request.get('subResource') == 'resize' and requests_within_limits(before):
        # no annotation can say what stood there before, and the API server refuses this resize anyway
        return response
    again = copy.deepcopy(review)
    again['request'].update(uid='again-' + request['uid'][:200], object=after)
    status, body = post(again)
    require(status == 200, 'reinvoked: status', status, body)
    second, rest = read_response(body, again['request']['uid'])
    if request.get('dryRun') or response['auditAnnotations']['verdict'] == 'unknown':
        # nothing is held (nothing can be held for requests that are no numbers), so that there is nothing to continue: the key is the new review's
        rest = [op for op in rest if op['path'] != '/metadata/annotations/podfit.io~1review']
    require(second['allowed'] and not rest, 'reinvoked, it is patched again:', rest)
    return response
