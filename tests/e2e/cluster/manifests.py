"""The manifests as operators apply them. Only the webhook's address is replaced: by the URL of a podfit that runs beside the control plane."""
import json
import os

from plane import ROOT
from webhook import SYSTEM

FOLDER = os.path.join(ROOT, 'manifests')


def documents(text):
    """Objects of concatenated JSON documents, lists taken apart."""
    decoder, objects, position = json.JSONDecoder(), [], 0
    while position < len(text.rstrip()):
        obj, position = decoder.raw_decode(text, position)
        objects += obj['items'] if obj['kind'] == 'List' else [obj]
        while position < len(text) and text[position].isspace():
            position += 1
    return objects


def render(plane, overlay):
    """The objects of `manifests/OVERLAY`, in the order of kustomize."""
    built = plane.kubectl('kustomize', os.path.join(FOLDER, overlay))[1]
    return documents(plane.kubectl('create', '--dry-run=client', '--validate=ignore', '-o', 'json', '-f', '-', data=built)[1])


def of_kind(objects, kind):
    return [obj for obj in objects if obj['kind'] == kind]


def configuration_of(objects):
    """The text of podfit.yaml as the ConfigMap has it."""
    maps = [obj for obj in of_kind(objects, 'ConfigMap') if 'podfit.yaml' in obj.get('data', {})]
    assert len(maps) == 1, 'one ConfigMap has podfit.yaml, not %d' % len(maps)
    return maps[0]['data']['podfit.yaml']


def with_url(objects, url, ca_bundle=None):
    """Each webhook's Service replaced by a URL with the same path."""
    for configuration in of_kind(objects, 'MutatingWebhookConfiguration'):
        for hook in configuration['webhooks']:
            service = hook['clientConfig'].pop('service')
            hook['clientConfig']['url'] = url(service.get('path', '/'))
            if ca_bundle:
                hook['clientConfig']['caBundle'] = ca_bundle
    return objects


def apply(plane, objects, *options):
    """kubectl apply, Namespaces first: a new namespace has to be there before what is in it."""
    namespaces = of_kind(objects, 'Namespace')
    rest = [obj for obj in objects if obj['kind'] != 'Namespace']
    out = ''
    for part in (namespaces, rest):
        if part:
            out += plane.kubectl('apply', '-f', '-', *options, data=json.dumps({'apiVersion': 'v1', 'kind': 'List', 'items': part}))[1]
    return out


def delete(plane, objects):
    """kubectl delete; returns once everything is gone."""
    return plane.kubectl('delete', '--ignore-not-found', '-f', '-', data=json.dumps({'apiVersion': 'v1', 'kind': 'List', 'items': objects}), seconds=120)[1]


def service_account_kubeconfig(plane, name='podfit'):
    """A kubeconfig with nothing but the rights that the manifests grant."""
    return plane.write_kubeconfig(name + '.kubeconfig', plane.service_account_token(SYSTEM, name))
