package main

import (
	"fmt"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	resourcehelper "k8s.io/component-helpers/resource"
)

// What is rare in clusters, and what is common there but has no part in a verdict.

// implicitClass names the DeviceClass of deviceClass() by the form that needs no extendedResourceName.
const implicitClass = "deviceclass.resource.kubernetes.io/gpu-class"

// growsWhenAsked: is the pod one that PodRequests() changes while it is asked? Overhead is added to a pod-level request through the pointer by which apimachinery holds
// an amount that is not a plain integer (5Ei), so that kube-scheduler's own pod grows with every plug-in and every attempt: it has no answer to compare.
func growsWhenAsked(spec M) bool {
	if spec["overhead"] == nil {
		return false
	}
	pod, _ := createPod(M{"metadata": M{"name": "asked"}, "spec": spec})
	if pod == nil || pod.Spec.Resources == nil {
		return false
	}
	before := pod.Spec.Resources.DeepCopy()
	resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{})
	return !apiequality.Semantic.DeepEqual(before, pod.Spec.Resources)
}

// adornNode adds what no filter reads: conditions, a deletion, amounts of what is not a resource of pods.
func (g *gen) adornNode(node M) {
	status := node["status"].(M)
	if g.chance(20) {
		condition := func(kind string) M { return M{"type": kind, "status": pick(g, "True", "False", "Unknown")} }
		status["conditions"] = A{condition("Ready"), condition("MemoryPressure"), condition("NetworkUnavailable")}
	}
	if g.chance(3) {
		node["metadata"].(M)["deletionTimestamp"] = "2026-01-01T00:00:00Z"
	}
	if allocatable, _ := status["allocatable"].(M); allocatable != nil && g.chance(5) {
		allocatable[pick(g, "storage", "attachable-volumes-csi-csi.a", "hugepages-32Mi", "example.org/none")] = "3"
	}
}

// adornBound adds to a bound pod what counts for nothing, and a volume that is its own.
func (g *gen) adornBound(p M) {
	meta, spec := p["metadata"].(M), p["spec"].(M)
	switch g.Intn(40) {
	case 0:
		spec["schedulerName"] = "other"
	case 1:
		meta["annotations"] = M{"kubernetes.io/config.mirror": "8f3a"}
	case 2:
		spec["ephemeralContainers"] = A{M{"name": "debug", "image": "registry.test/big", "targetContainerName": "c1"}}
	}
	if g.volumes && g.chance(12) {
		volumes, _ := spec["volumes"].(A)
		spec["volumes"] = append(append(A{}, volumes...), M{"name": "own", "ephemeral": ephemeralSource()})
	}
}

func ephemeralSource() M {
	return M{"volumeClaimTemplate": M{"spec": M{"accessModes": A{"ReadWriteOnce"}, "storageClassName": "late", "resources": M{"requests": M{"storage": "1Gi"}}}}}
}

// ownClaims are the claims of a bound pod's ephemeral volumes, some of which are missing or somebody else's.
func (g *gen) ownClaims(p M) []M {
	var out []M
	meta := p["metadata"].(M)
	volumes, _ := p["spec"].(M)["volumes"].(A)
	for _, v := range volumes {
		if v.(M)["ephemeral"] == nil || g.chance(15) {
			continue
		}
		scratch := &Case{}
		g.claim(scratch, meta["namespace"].(string), fmt.Sprintf("%s-%s", meta["name"], v.(M)["name"]))
		for _, o := range scratch.Objects {
			if o.(M)["kind"] == "PersistentVolumeClaim" {
				uid := meta["uid"]
				if g.chance(10) {
					uid = "uid-of-another"
				}
				o.(M)["metadata"].(M)["ownerReferences"] = A{M{"apiVersion": "v1", "kind": "Pod", "name": meta["name"], "uid": uid, "controller": true}}
			}
			out = append(out, o.(M))
		}
	}
	return out
}

// unbind takes a pod's node away; mirror pods always have one.
func unbind(p M) {
	delete(p["spec"].(M), "nodeName")
	delete(p["metadata"].(M), "annotations")
}

// idle is a pod without a node for which nobody holds room: gated, of another scheduler, or on its way out; nil when it came out invalid.
func (g *gen) idle() M {
	p := g.existing()
	if p == nil {
		return nil
	}
	meta, spec := p["metadata"].(M), p["spec"].(M)
	unbind(p)
	p["status"] = M{"phase": "Pending"}
	switch g.Intn(3) {
	case 0:
		spec["schedulingGates"] = A{M{"name": "example.com/wait"}}
	case 1:
		spec["schedulerName"] = "other"
	default:
		meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
	}
	if len(g.nodes) > 0 && g.chance(20) && meta["deletionTimestamp"] == nil && !g.without["nominated"] {
		p["status"].(M)["nominatedNodeName"] = pick(g, g.nodes...) // not in kube-scheduler's queue
	}
	return p
}

// likeDaemon makes a pod what the DaemonSet controller makes.
func (g *gen) likeDaemon(spec M) {
	spec["affinity"] = M{"nodeAffinity": M{"requiredDuringSchedulingIgnoredDuringExecution": M{"nodeSelectorTerms": A{M{"matchFields": A{
		M{"key": "metadata.name", "operator": "In", "values": A{pick(g, append(g.nodes, "gone")...)}}}}}}}}
	tolerations := A{}
	for _, name := range []string{"disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"} {
		tolerations = append(tolerations, M{"key": "node.kubernetes.io/" + name, "operator": "Exists", "effect": "NoSchedule"})
	}
	for _, name := range []string{"not-ready", "unreachable"} {
		tolerations = append(tolerations, M{"key": "node.kubernetes.io/" + name, "operator": "Exists", "effect": "NoExecute"})
	}
	spec["tolerations"] = tolerations
}

// restartRule gives a container a policy of its own; only Always makes an init container a sidecar.
func (g *gen) restartRule(container M) {
	container["restartPolicy"] = pick(g, "Never", "OnFailure")
	if g.restartRules {
		container["restartPolicyRules"] = A{M{"action": pick(g, "Restart", "RestartAllContainers"), "exitCodes": M{"operator": "In", "values": A{42}}}}
	}
}

// actual is what a container's status says it has.
func (g *gen) actual() M {
	out := M{"cpu": pick(g, cpuTexts...), "memory": pick(g, memoryTexts...)}
	if g.chance(20) {
		out["ephemeral-storage"] = pick(g, ephemeralTexts...)
	}
	if g.resources && g.chance(20) {
		out[pick(g, append(nativeNames, extendedNames...)...)] = pick(g, "1", "2", "5")
	}
	return out
}

func (g *gen) budget(number int) M {
	spec, status := M{"selector": g.labelSelector()}, M{"disruptionsAllowed": g.Intn(3)}
	switch g.Intn(20) {
	case 0:
		delete(spec, "selector")
	case 1:
		spec["selector"] = M{}
	}
	if g.chance(20) {
		status["disruptedPods"] = M{fmt.Sprintf("e%d", 1+g.Intn(30)): "2026-01-01T00:00:00Z", fmt.Sprintf("e%d", 31+g.Intn(30)): "2026-01-01T00:00:00Z"}
	}
	return M{"metadata": M{"name": fmt.Sprintf("budget%d", number), "namespace": g.namespace()}, "spec": spec, "status": status}
}

// changeOther changes what is neither a pod nor a node.
func (g *gen) changeOther(c *Case) {
	switch what := g.Intn(10); {
	case g.volumes && what < 6:
		g.changeStorage(c)
	case g.workloads && what < 6:
		g.applyOrDelete(c, g.workload(g.namespace()))
	case what < 8 && !g.without["preemption"]:
		g.applyOrDelete(c, withKind("PodDisruptionBudget", "policy/v1", g.budget(1+g.Intn(3))))
	case what == 8 && !g.without["dra"]:
		g.applyOrDelete(c, g.deviceClass())
	default:
		c.Steps = append(c.Steps, Step{Apply: withKind("Namespace", "v1", g.namespaceObject(pick(g, "default", "team-a", "team-b")))})
	}
}

// applyOrDelete adds or replaces the object, or takes one of its kind away.
func (g *gen) applyOrDelete(c *Case, object M) {
	if g.chance(35) {
		if old := c.alive(g, object["kind"].(string)); old != nil {
			c.Steps = append(c.Steps, Step{Delete: reference(old)})
			return
		}
	}
	c.Steps = append(c.Steps, Step{Apply: object})
}
