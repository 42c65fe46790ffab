"""demo.py [--exit]: scripts/demo --cluster. A real API server refuses a pod, seen with kubectl; nothing but this machine is needed."""
import json
import os
import sys
import time

import manifests
from kubelet import Kubelet
from objects import bound
from plane import ROOT, SKIPPED, ControlPlane, Unavailable, wait_until, write
from process import interrupt_on_sigterm
from webhook import Podfit

OVERLAY = 'overlays/cocalc'
HOME = os.path.join(ROOT, 'build', 'demo', 'cluster')
EXAMPLE = os.path.join(manifests.FOLDER, OVERLAY, 'example')
SMALL_NODE = {'capacity': {'cpu': '3920m', 'memory': '13266Mi', 'pods': '4'}, 'allocatable': {'cpu': '3920m', 'memory': '13266Mi', 'pods': '4'}}
HINTS = '''
== it is yours until Ctrl-C
   export PATH={binaries}:$PATH KUBECONFIG={kubeconfig}
   kubectl get nodes,pods -A -o wide
   kubectl create -f {project}      # refused: the nodes are full
   kubectl delete pod -n cocalc project-1                  # a slot gets free ...
   kubectl create -f {project}      # ... and the next one fits
   kubectl describe pod -n cocalc project-2                # what podfit wrote into it
   curl -s {ops}/stats                  # its numbers; {ops}/ is its status page
   tail -f {log}'''


def say(text):
    print(text, flush=True)


class Demo:
    def __init__(self, plane):
        self.plane = plane
        self.project = os.path.relpath(plane.path('project.yaml'))

    def show(self, *args, data=None, check=True):
        """A command as somebody would type it, and what kubectl says."""
        say('$ kubectl ' + ' '.join(args))
        status, out, errors = self.plane.kubectl(*args, data=data, check=check)
        say((out + errors).rstrip())
        return status

    def install(self):
        objects = manifests.render(self.plane, OVERLAY)
        say('\n$ kubectl apply -k manifests/' + OVERLAY)
        say(manifests.apply(self.plane, [o for o in objects if o['kind'] != 'MutatingWebhookConfiguration']).rstrip())
        with open(os.path.join(EXAMPLE, 'cluster.yaml'), encoding='utf8') as file:
            self.plane.kubectl('create', '--save-config', '-f', '-', data=file.read())
        for name in ('projects-0', 'projects-1'):  # few slots, so that they are soon full
            self.plane.api.patch('Node', None, name, {'status': SMALL_NODE}, 'status')
        kubeconfig = manifests.service_account_kubeconfig(self.plane)
        self.podfit = Podfit(self.plane, manifests.configuration_of(objects), kubeconfig, ['--log-format', 'text']).start()
        registration = manifests.of_kind(objects, 'MutatingWebhookConfiguration')
        say(manifests.apply(self.plane, manifests.with_url(registration, self.podfit.url, self.podfit.ca_bundle())).rstrip())
        self.podfit.wait_until_asked('cocalc', {'run': 'project'})

    def projects(self):
        with open(os.path.join(EXAMPLE, 'workload.yaml'), encoding='utf8') as file:
            workload = json.loads(self.plane.kubectl('create', '--dry-run=client', '-o', 'json', '-f', '-', data=file.read())[1])
        for number in range(1, 10):
            workload['metadata']['name'] = 'project-%d' % number
            write(self.project, json.dumps(workload, indent=1))
            if self.show('create', '-f', self.project, check=False) != 0:
                return True
        return False

    def run(self):
        self.install()
        say('\n== projects, until the nodes are full (kubectl, and what it prints)')
        refused = self.projects()
        pods = wait_until(lambda: all(map(bound, self.plane.api.list('Pod', 'cocalc'))) and self.plane.api.list('Pod', 'cocalc'), 'bound projects')
        say('')
        self.show('get', 'pods', '-n', 'cocalc', '-o', 'custom-columns=NAME:.metadata.name,NODE:.spec.nodeName,'
                  "CPU:.spec.containers[0].resources.requests.cpu,MEMORY:.spec.containers[0].resources.requests.memory")
        say('\n== %d admitted, all of them bound by kube-scheduler; the next one %s' % (len(pods), 'was refused at once' if refused else 'was NOT refused'))
        return refused

    def stay(self):
        say(HINTS.format(binaries=self.plane.bin, kubeconfig=self.plane.admin_kubeconfig,
                         project=self.project, ops='http://127.0.0.1:%d' % self.podfit.ops_port,
                         log=self.podfit.path('log')))
        try:
            while True:
                self.plane.check()
                self.podfit.process.check()
                time.sleep(1)
        except KeyboardInterrupt:
            say('\ndemo: stopping, which takes some seconds ...')
            raise


def main():
    interrupt_on_sigterm()
    os.chdir(ROOT)
    try:
        with ControlPlane(HOME) as plane, Kubelet(plane.api, 'runs'):
            version = json.loads(plane.kubectl('version', '-o', 'json')[1])['serverVersion']['gitVersion']
            say('== etcd, API server, controllers and scheduler of Kubernetes %s are ready after %.1f s' % (version, plane.started['all']))
            demo = Demo(plane)
            refused = demo.run()
            if '--exit' not in sys.argv:
                demo.stay()
            demo.podfit.stop()
            demo.podfit.remove()
            return 0 if refused else 1
    except KeyboardInterrupt:
        say('demo: stopped')
        return 0
    except Unavailable:
        return SKIPPED


if __name__ == '__main__':
    sys.exit(main())
