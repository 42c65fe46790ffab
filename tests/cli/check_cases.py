#!/usr/bin/env python3
"""check_cases.py PODFIT CASES_DIR: every case of fit_cases.jsonl, fit_fuzz.jsonl and preemption_cases.jsonl through `podfit check -o json`.

A case is what kube-scheduler itself answered; verdict, plug-in, code, reasons, message and whom it would evict must be the same. A case that needs a
filter which podfit lacks must be answered `unknown`, and nothing else may be. The counts are asserted, so that nothing is lost silently."""
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

# Decided from the text of a case, not by podfit: it names a filter that is not built.
SIGNS = ('podAffinity', 'podAntiAffinity', 'DoNotSchedule', 'volumes', 'resourceClaims', 'hostUsers')
# random cases carry the answers of 1.36 only
MINORS = {'fit_cases.jsonl': ['1.33', '1.34', '1.35', '1.36'], 'fit_fuzz.jsonl': ['1.36'], 'preemption_cases.jsonl': ['1.36']}
# file: (compared in full, unknown, refused by the API server)
COUNTS = {'fit_cases.jsonl': (744, 0, 68), 'fit_fuzz.jsonl': (120, 0, 0), 'preemption_cases.jsonl': (33, 0, 0)}


def objects(kind, items):
    for item in items or []:
        item = dict(item, apiVersion='v1', kind=kind)
        yield item


def snapshot(case):
    pods = (case.get('existing') or []) + (case.get('nominated') or [])
    items = list(objects('Node', case['nodes'])) + list(objects('Pod', pods))
    items += [dict(budget, apiVersion='policy/v1', kind='PodDisruptionBudget') for budget in case.get('pdbs') or []]
    named = {n['metadata']['name']: n for n in case.get('namespaces') or []}
    wanted = {p['metadata'].get('namespace', 'default') for p in pods + [case['pod']]} | set(named)
    for name in sorted(wanted):
        plain = {'metadata': {'name': name, 'labels': {'kubernetes.io/metadata.name': name}}}
        items += objects('Namespace', [named.get(name, plain)])
    return {'apiVersion': 'v1', 'kind': 'List', 'items': items}


def write_json(path, document):
    with open(path, 'w', encoding='utf8') as file:
        json.dump(document, file)


def scheduler_configuration(case):
    """The KubeSchedulerConfiguration of a case with arguments; None: the default one."""
    plugins = []
    if case.get('fit_args'):
        plugins.append({'name': 'NodeResourcesFit', 'args': case['fit_args']})
    if case.get('affinity_args'):
        plugins.append({'name': 'NodeAffinity', 'args': {'addedAffinity': case['affinity_args']}})
    if not plugins:
        return None
    return {'apiVersion': 'kubescheduler.config.k8s.io/v1', 'kind': 'KubeSchedulerConfiguration', 'profiles': [{'pluginConfig': plugins}]}


def write_configuration(base, case):
    """Options that make podfit judge with the arguments of the case, as kube-scheduler did."""
    scheduler = scheduler_configuration(case)
    if scheduler is None:
        return []
    write_json(base + '-scheduler.json', scheduler)
    write_json(base + '-podfit.json', {'apiVersion': 'config.podfit.io/v1', 'kind': 'PodfitConfiguration', 'classes': [{'name': 'all', 'requests': 'keep'}],
                                       'fit': {'schedulerConfig': os.path.basename(base) + '-scheduler.json'}})
    return ['--config', base + '-podfit.json']


def answer_of(podfit, folder, case, minor, number):
    base = os.path.join(folder, '%d-%s' % (number, minor))
    write_json(base + '.json', snapshot(case))
    command = [podfit, 'check', '--snapshot', base + '.json', '-f', '-', '-o', 'json', '--independent', '--kubernetes-version', minor]
    command += write_configuration(base, case)
    # the only gate of the cases that changes an answer came with 1.35; an older scheduler does not know it
    if case.get('gates') and minor in ('1.35', '1.36'):
        command += ['--feature-gates', case['gates']]
    pod = next(objects('Pod', [case['pod']]))
    run = subprocess.run(command, input=json.dumps(pod), capture_output=True, text=True, timeout=60)
    os.unlink(base + '.json')
    return run.returncode, run.stdout, run.stderr


def expectation(case, minor):
    wanted = dict(case['expect'])
    differs = (case.get('differs') or {}).get(minor)
    if differs:
        if 'fits' in differs:
            wanted.pop('plugin', None)
        if 'fits' in differs or 'reasons' in differs:
            wanted.pop('message', None)
        wanted.update(differs)
    return wanted


def may_be_unknown(case):
    pod = json.dumps(case['pod'])
    return any(sign in pod for sign in SIGNS) or 'podAntiAffinity' in json.dumps(case.get('existing') or [])


def node_differences(node, wanted):
    name = node['name']
    fits = wanted['fits'].get(name)
    if node['fits'] != fits:
        yield '%s: fits is %s' % (name, node['fits'])
        return
    if fits:
        if node['plugin'] != '' or node['code'] != 'Success' or node['reasons'] != [] or node['slots'] < 1:
            yield '%s: a node that fits is described as %s' % (name, node)
        return
    if sorted(node['reasons']) != sorted(wanted['reasons'].get(name, [])):
        yield '%s: reasons %s, expected %s' % (name, node['reasons'], wanted['reasons'].get(name))
    for key in ('plugin', 'code'):
        expected = wanted.get(key, {}).get(name)
        if expected is not None and node[key] != expected:
            yield "%s: %s '%s', expected '%s'" % (name, key, node[key], expected)
    if node['slots'] != 0:
        yield '%s: %d slots although it does not fit' % (name, node['slots'])


def eviction_differences(item, wanted):
    if 'candidates' not in wanted:
        return
    candidates = [(c['node'], sorted(c['victims'])) for c in wanted['candidates']]
    found = item.get('preemption')
    if found is None and candidates:
        yield 'no preemption, expected one of %s' % candidates
    if found is not None and (found['node'], sorted(found['victims'])) not in candidates:
        yield 'preemption %s, expected one of %s' % (found, candidates)


def differences(case, minor, item, status):
    wanted = expectation(case, minor)
    names = [node['name'] for node in item['nodes']]
    if names != sorted(wanted['fits']):
        yield 'nodes %s, expected %s' % (names, sorted(wanted['fits']))
    any_fits = any(wanted['fits'].values())
    placed = any_fits or 'preemption' in item
    if (item['verdict'] == 'fits') != placed or item['verdict'] not in ('fits', 'full', 'never'):
        yield "verdict '%s'" % item['verdict']
    if status != (0 if placed else 1):
        yield 'exit status %d' % status
    if (item['message'] == '') != any_fits:
        yield "message '%s'" % item['message']
    message = ' '.join([item['message'], item.get('postFilter', '')]).strip() if 'candidates' in wanted else item['message']
    if 'message' in wanted and not any_fits and message != wanted['message']:
        yield "message '%s', expected '%s'" % (message, wanted['message'])
    yield from eviction_differences(item, wanted)
    if (item['slots'] > 0) != any_fits:
        yield '%d slots' % item['slots']
    for node in item['nodes']:
        yield from node_differences(node, wanted)


def judge(podfit, folder, case, minor, number):
    """('checked' | 'unknown' | 'invalid', [differences])"""
    status, out, err = answer_of(podfit, folder, case, minor, number)
    if case.get('api_valid') is False:
        # nothing to agree with, but no crash either
        return 'invalid', [] if status in (0, 1, 2) else ['exit status %d' % status]
    if status not in (0, 1):
        return 'checked', ['exit status %d: %s' % (status, err)]
    document = json.loads(out)
    if document['kind'] != 'CheckList' or len(document['items']) != 1:
        return 'checked', ['not a CheckList of one item']
    item = document['items'][0]
    if item['verdict'] == 'unknown':
        ok = may_be_unknown(case) and status == 1 and item['nodes'] == [] and item['message'] == '' and 'which this version of podfit does not have' in item['explanation']
        return 'unknown', [] if ok else ['unknown: ' + item['explanation']]
    return 'checked', list(differences(case, minor, item, status))


def run_file(podfit, path):
    with open(path, encoding='utf8') as file:
        cases = [json.loads(line) for line in file]
    tasks = []
    for case in cases:
        tasks += [(case, minor) for minor in MINORS[os.path.basename(path)]]
    counts = {'checked': 0, 'unknown': 0, 'invalid': 0}
    failures = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda task: judge(podfit, folder, task[1][0], task[1][1], task[0]), enumerate(tasks))
        for (case, minor), (kind, found) in zip(tasks, results):
            counts[kind] += 1
            failures += 1 if found else 0
            for difference in found:
                print('%s %s: %s' % (minor, case['name'], difference), file=sys.stderr)
    got = tuple(counts[kind] for kind in ('checked', 'unknown', 'invalid'))
    print('%s: %d cases, %d compared, %d unknown, %d refused by the API server, %d differ'
          % ((os.path.basename(path), len(tasks)) + got + (failures,)))
    wanted = COUNTS[os.path.basename(path)]
    if got != wanted:
        print('%s: counts %s, expected %s' % (path, got, wanted), file=sys.stderr)
    return failures == 0 and got == wanted


def main():
    podfit, folder = sys.argv[1:]
    good = [run_file(podfit, os.path.join(folder, name)) for name in COUNTS]
    return 0 if all(good) else 1


if __name__ == '__main__':
    sys.exit(main())
