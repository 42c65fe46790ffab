package main

import (
	"fmt"
	"math/rand"
	"slices"
	"sort"
	"strings"
)

// features that can be left out of the random clusters.
var features = []string{"affinity", "spread", "volumes", "nominated", "dra", "declared", "preemption", "gates", "changes", "profiles", "workloads"}

func featureNames() string { return strings.Join(features, ", ") }

func parseFeatures(text string) (map[string]bool, error) {
	found := map[string]bool{}
	for _, name := range strings.Split(text, ",") {
		if name == "" {
			continue
		}
		known := false
		for _, f := range features {
			known = known || f == name
		}
		if !known {
			return nil, fmt.Errorf("no feature '%s', known are %s", name, featureNames())
		}
		found[name] = true
	}
	return found, nil
}

// gen makes one case; equal seeds make equal cases.
type gen struct {
	*rand.Rand
	without map[string]bool
	// what this cluster is about: other things stay rare, so that the last filters are reached
	taints, selectors, ports, resources, affinity, spread, volumes, podLevel, resize bool
	numericTolerations, declared, workloads                                          bool
	full                                                                             bool // many pods, most of them of little importance
	restartRules                                                                     bool
	nodes, claims                                                                    []string
	serial, unstarted                                                                int // pods so far, and those that do not say when they started
}

// More pods without a start would be more orders than the other side tries (preempt.go).
const unstartedMax = 4

func (g *gen) chance(percent int) bool { return g.Intn(100) < percent }

func pick[T any](g *gen, items ...T) T { return items[g.Intn(len(items))] }

// some gives up to max different items in a stable order.
func some[T any](g *gen, max int, items ...T) []T {
	n := g.Intn(max + 1)
	if n > len(items) {
		n = len(items)
	}
	at := g.Perm(len(items))[:n]
	sort.Ints(at)
	var out []T
	for _, i := range at {
		out = append(out, items[i])
	}
	return out
}

func anys[T any](items []T) A {
	out := A{}
	for _, item := range items {
		out = append(out, item)
	}
	return out
}

// mixed spreads neighbours (SplitMix64): the first numbers of Go's generator hardly differ for seeds that hardly do.
func mixed(seed, number int64) int64 {
	z := uint64(seed)*1_000_003 + uint64(number)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return int64(z ^ z>>31)
}

func generate(seed, number int64, without map[string]bool) *Case {
	g := &gen{Rand: rand.New(rand.NewSource(mixed(seed, number))), without: without}
	c := &Case{Name: fmt.Sprintf("oracle seed %d case %d", seed, number), Nodes: A{}, Existing: A{}}
	g.chooseThemes(c)
	g.cluster(c)
	pods := 1 + g.Intn(4)
	var last M
	for i := 0; i < pods; i++ {
		if last == nil || !g.chance(30) {
			last = g.incoming()
		}
		c.Steps = append(c.Steps, Step{Pod: last})
		if i+1 < pods && !g.without["changes"] && g.chance(60) {
			g.change(c)
		}
	}
	return clone(c) // numbers become what JSON makes of them, as in a file
}

func (g *gen) chooseThemes(c *Case) {
	on := func(feature string, percent int) bool { return g.chance(percent) && !g.without[feature] }
	g.affinity, g.spread, g.volumes = on("affinity", 25), on("spread", 25), on("volumes", 25)
	g.full = on("preemption", 25)
	other := 30
	if g.affinity || g.spread || g.volumes {
		other = 12
	}
	g.taints, g.selectors, g.ports, g.resources = g.chance(other), g.chance(other), g.chance(other), g.chance(2*other)
	g.podLevel, g.resize = g.chance(20), g.chance(20)
	g.workloads = on("workloads", 25)
	if on("profiles", 25) {
		c.Scheduler = pick(g, profiles...)
		if g.chance(25) {
			c.Scheduler = pick(g, halfProfiles()...)
		}
		g.workloads = g.workloads || g.chance(50) && !g.without["workloads"]
	}
	if on("declared", 4) {
		c.Gates = pick(g, "UserNamespacesHostNetworkSupport=true", "RestartAllContainersOnContainerExits=true")
		g.restartRules = strings.HasPrefix(c.Gates, "Restart")
		g.declared = true
		return
	}
	if on("gates", 10) {
		c.Gates = pick(g, "TaintTolerationComparisonOperators=true", "InPlacePodLevelResourcesVerticalScaling=false", "DRAExtendedResource=false",
			"InPlacePodLevelResourcesVerticalScaling=false,PodLevelResources=false")
		g.numericTolerations = strings.HasPrefix(c.Gates, "Taint")
		g.taints = g.taints || g.numericTolerations
		g.podLevel = g.podLevel || strings.HasPrefix(c.Gates, "InPlace")
	} else if c.Scheduler == nil && on("gates", 8) {
		c.Affinity = M{"requiredDuringSchedulingIgnoredDuringExecution": M{"nodeSelectorTerms": pick(g,
			A{M{"matchExpressions": A{M{"key": zoneKey, "operator": "In", "values": A{"a", "b"}}}}},
			A{M{"matchExpressions": A{M{"key": "disk", "operator": "Exists"}}}, M{"matchFields": A{M{"key": "metadata.name", "operator": "In", "values": A{"n1"}}}}},
			A{M{"matchExpressions": A{M{"key": "rack", "operator": "NotIn", "values": A{"r1"}}}}})}}
		g.selectors = true
	} else if c.Scheduler == nil && on("gates", 8) {
		c.FitArgs = pick(g, M{"ignoredResources": A{"example.com/gpu"}}, M{"ignoredResourceGroups": A{"example.com"}},
			M{"ignoredResources": A{"vendor.io/fpga", "hugepages-2Mi"}, "ignoredResourceGroups": A{"nvidia.com"}})
		g.resources = true
	}
}

func (g *gen) cluster(c *Case) {
	for _, name := range []string{"default", "team-a", "team-b"} {
		c.Namespaces = append(c.Namespaces, g.namespaceObject(name))
	}
	count := pick(g, 0, 1, 2, 3, 3, 4, 5, 6, 8, 10)
	if g.chance(3) {
		count = 20 + g.Intn(80)
	}
	for i := 0; i < count; i++ {
		g.nodes = append(g.nodes, fmt.Sprintf("n%d", i))
		c.Nodes = append(c.Nodes, g.node(g.nodes[i]))
	}
	if g.volumes {
		g.storage(c)
	}
	if g.chance(5) && !g.without["dra"] {
		c.Objects = append(c.Objects, g.deviceClass())
	}
	if g.workloads {
		for i := 1 + g.Intn(3); i > 0; i-- {
			c.Objects = replaceWorkload(c.Objects, g.workload(g.namespace()))
		}
	}
	existing := g.Intn(3*count/2 + 2)
	if g.full {
		existing = (3 + g.Intn(4)) * count
	}
	for i := existing; i > 0; i-- {
		if p := g.existing(); p != nil {
			c.Existing = append(c.Existing, p)
			c.Objects = append(c.Objects, anys(g.ownClaims(p))...)
		}
	}
	for i := g.Intn(8); i > 5; i-- {
		if p := g.idle(); p != nil {
			c.Existing = append(c.Existing, p)
		}
	}
	if (g.full || g.chance(20)) && !g.without["preemption"] {
		for i := 1 + g.Intn(3); i > 0; i-- {
			c.Budgets = append(c.Budgets, g.budget(i))
		}
	}
	if g.chance(20) && !g.without["nominated"] {
		g.nominatedPods(c)
	}
}

// replaceWorkload keeps names unique among a kind.
func replaceWorkload(objects A, by M) A {
	var out A
	for _, o := range objects {
		if objectKey(o.(M)) != objectKey(by) {
			out = append(out, o)
		}
	}
	return append(out, by)
}

func (g *gen) namespaceObject(name string) M {
	labels := M{"kubernetes.io/metadata.name": name}
	for _, l := range some(g, 2, "env", "tier") {
		labels[l] = pick(g, "prod", "dev", "")
	}
	return M{"metadata": M{"name": name, "labels": labels}}
}

func (g *gen) nominatedPods(c *Case) {
	for i := 1 + g.Intn(2); i > 0; i-- {
		p := g.existing()
		if p == nil {
			continue
		}
		if g.nominate(p) {
			c.Nominated = append(c.Nominated, p)
		}
	}
}

// nominate makes a bound pod one that waits for the node; false when there is no such node, for which podfit holds room elsewhere.
func (g *gen) nominate(p M) bool {
	spec := p["spec"].(M)
	if !slices.Contains(g.nodes, spec["nodeName"].(string)) {
		return false
	}
	p["status"] = M{"phase": "Pending", "nominatedNodeName": spec["nodeName"]}
	unbind(p)
	return true
}

// change makes steps that change the cluster between two pods.
func (g *gen) change(c *Case) {
	for i := 1 + g.Intn(3); i > 0; i-- {
		switch g.Intn(8) {
		case 6:
			if p := g.updated(c); p != nil {
				c.Steps = append(c.Steps, Step{Apply: p})
			}
		case 7:
			g.changeOther(c)
		case 0, 1:
			if p := g.existing(); p != nil {
				for _, claim := range g.ownClaims(p) {
					c.Steps = append(c.Steps, Step{Apply: claim})
				}
				if g.chance(10) && !g.without["nominated"] {
					g.nominate(p)
				}
				c.Steps = append(c.Steps, Step{Apply: withKind("Pod", "v1", p)})
			}
		case 2, 3:
			if o := c.alive(g, "Pod"); o != nil {
				c.Steps = append(c.Steps, Step{Delete: reference(o)})
			}
		case 4:
			name := fmt.Sprintf("n%d", g.Intn(12))
			c.Steps = append(c.Steps, Step{Apply: withKind("Node", "v1", g.node(name))})
		default:
			if o := c.alive(g, "Node"); o != nil {
				c.Steps = append(c.Steps, Step{Delete: reference(o)})
			}
		}
	}
}

// updated is a bound pod whose labels or status changed.
func (g *gen) updated(c *Case) M {
	o := c.alive(g, "Pod")
	if o == nil {
		return nil
	}
	p := clone(o)
	if node := str(o, "status", "nominatedNodeName"); node != "" {
		// it has come to its node, or to another one
		p["spec"].(M)["nodeName"], p["status"] = pick(g, append(g.nodes, node)...), M{"phase": "Running", "startTime": g.start()}
		return p
	}
	switch g.Intn(3) {
	case 0:
		start := str(p, "status", "startTime")
		p["status"] = g.status(p)
		if start != "" {
			p["status"].(M)["startTime"] = start
		}
	case 1:
		p["metadata"].(M)["deletionTimestamp"] = "2026-01-01T00:00:00Z"
	default:
		p["metadata"].(M)["labels"] = g.podLabels()
	}
	return p
}

func reference(o M) M {
	return M{"kind": o["kind"], "namespace": str(o, "metadata", "namespace"), "name": str(o, "metadata", "name")}
}

// alive picks an object that is still there after the steps so far.
func (c *Case) alive(g *gen, kind string) M {
	objects := c.objects()
	for _, s := range c.Steps {
		switch {
		case s.Apply != nil:
			objects = replaceObject(objects, objectKey(s.Apply), s.Apply)
		case s.Delete != nil:
			objects = replaceObject(objects, key(str(s.Delete, "kind"), str(s.Delete, "namespace"), str(s.Delete, "name")), nil)
		}
	}
	var found []M
	for _, o := range objects {
		terminal := str(o, "status", "phase") == "Succeeded" || str(o, "status", "phase") == "Failed"
		if o["kind"] == kind && !terminal {
			found = append(found, o)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return pick(g, found...)
}

func (g *gen) deviceClass() M {
	class := M{"apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass", "metadata": M{"name": "gpu-class"}, "spec": M{}}
	if g.chance(70) {
		class["spec"] = M{"extendedResourceName": pick(g, "example.com/gpu", "vendor.io/fpga")}
	}
	return class
}
