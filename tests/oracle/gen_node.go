package main

import "fmt"

const (
	hostnameKey = "kubernetes.io/hostname"
	zoneKey     = "topology.kubernetes.io/zone"
	regionKey   = "topology.kubernetes.io/region"
)

// Quantities in ascending order, with odd spellings.
var (
	cpuTexts       = []string{"0", "1n", "0.1m", "1m", "99m", "100m", "0.25", "333.3m", "500m", "5e-1", ".5", "1", "1.0", "+1", "1500m", "1.5e0", "2", "3.", "4"}
	memoryTexts    = []string{"0", "0.1", "1", "1Ki", "128Mi", "134217728", "134217728000m", "0.25Gi", "500M", "512Mi", "1e9", "1000000000000m", "1Gi", "1048576Ki", "1.5Gi", "2Gi", "3G", "4Gi"}
	ephemeralTexts = []string{"0", "1Mi", "500Mi", "1Gi", "1.5Gi", "2Gi", "10Gi"}
	extendedNames  = []string{"example.com/gpu", "nvidia.com/gpu", "vendor.io/fpga"}
	nativeNames    = []string{"batch.kubernetes.io/units", implicitClass}
	hugeTexts      = map[string][]string{
		"hugepages-2Mi": {"0", "2Mi", "4Mi", "8Mi", "64Mi"},
		"hugepages-1Gi": {"0", "1Gi", "2Gi"},
	}
	hugeNames = []string{"hugepages-1Gi", "hugepages-2Mi"}
	// node sizes that 64-bit arithmetic treats in its own way
	oddTexts = []string{"10P", "50E", "1E", "9223372036854775807", "8Ei", "1e3", "0.0001", "1500", "3.7", "128974848", "129e6", "12e-1", "123Mi", "1.1Ki", "5Ei", "92233720368547758"}
)

func (g *gen) allocatable() M {
	if g.full && g.chance(80) {
		return M{"cpu": pick(g, "2", "4"), "memory": pick(g, "4Gi", "8Gi"), "ephemeral-storage": "100Gi", "pods": pick(g, "110", "110", "4", "7")}
	}
	if !g.resources && g.chance(85) {
		// room for nearly everything, so that other filters decide
		return M{"cpu": pick(g, "16", "64"), "memory": pick(g, "64Gi", "1e11"), "pods": "110", "ephemeral-storage": "100Gi"}
	}
	out := M{}
	if !g.chance(3) {
		out["cpu"] = pick(g, "0", "500m", "1", "2", "2", "4", "4", "8", "1.5", "1999.9m")
	}
	if !g.chance(3) {
		out["memory"] = pick(g, "0", "512Mi", "1Gi", "2Gi", "4Gi", "4Gi", "8Gi", "1e9", "2147483647.5")
	}
	if !g.chance(5) {
		out["pods"] = pick(g, "0", "1", "2", "3", "5", "110", "110", "110", "110")
	}
	if g.chance(75) {
		out["ephemeral-storage"] = pick(g, ephemeralTexts...)
	}
	if g.chance(4) {
		out[pick(g, "cpu", "memory", "ephemeral-storage")] = pick(g, oddTexts...)
	}
	if g.resources {
		for _, name := range some(g, 2, append(nativeNames, extendedNames...)...) {
			out[name] = pick(g, "0", "1", "2", "4", "4", "8")
		}
		for _, name := range some(g, 2, hugeNames...) {
			out[name] = pick(g, hugeTexts[name][1:]...)
		}
	}
	return out
}

func (g *gen) nodeLabels(name string) M {
	labels := M{}
	if g.chance(95) {
		labels[hostnameKey] = name
		if g.chance(4) {
			labels[hostnameKey] = pick(g, "n0", "n1", "elsewhere") // not its name, and perhaps that of another one
		}
	}
	if g.chance(85) {
		labels[zoneKey] = pick(g, "a", "b", "c")
		if g.chance(50) {
			labels["topology.gke.io/zone"] = pick(g, "a", "us-a1-a")
			labels["topology.ebs.csi.aws.com/zone"] = pick(g, "a", "b")
			labels["topology.cinder.csi.openstack.org/zone"] = "a"
		}
	}
	if g.chance(40) {
		labels[regionKey] = pick(g, "r1", "r2")
	}
	for _, key := range some(g, 3, "disk", "num", "rack", "empty") {
		switch key {
		case "disk":
			labels[key] = pick(g, "ssd", "hdd")
		case "num":
			labels[key] = pick(g, "5", "10", "007", "1e3", "9223372036854775807", "9223372036854775808", "x")
		case "rack":
			labels[key] = pick(g, "r1", "r2", "r3")
		default:
			labels[key] = ""
		}
	}
	return labels
}

var (
	taintKeys   = []string{"dedicated", "gpu", "example.com/team", "node.kubernetes.io/not-ready", "node.kubernetes.io/unschedulable"}
	taintValues = []string{"", "a", "b", "5", "10", "007", "-3"}
	effects     = []string{"NoSchedule", "NoExecute", "PreferNoSchedule"}
)

func (g *gen) taintList() A {
	taints := A{}
	used := map[string]bool{}
	for i := 1 + g.Intn(3); i > 0; i-- {
		key, effect := pick(g, taintKeys...), pick(g, effects...)
		if used[key+effect] {
			continue
		}
		used[key+effect] = true
		taint := M{"key": key, "effect": effect}
		if g.chance(70) {
			value := pick(g, taintValues...)
			if value == "-3" && !g.numericTolerations {
				value = "c"
			}
			if value == "-3" {
				value = "3"
			}
			taint["value"] = value
		}
		taints = append(taints, taint)
	}
	return taints
}

// images of a node; an image has the same size everywhere, as kube-scheduler takes the one it heard first.
func (g *gen) images() A {
	return anys(some(g, 3,
		M{"names": A{"registry.test/pause:1"}, "sizeBytes": 300000000},
		M{"names": A{"localhost:5000/odd:latest", "localhost:5000/odd@sha256:7e"}, "sizeBytes": 700000000},
		M{"names": A{"registry.test/big:latest", "registry.test/big@sha256:9f"}, "sizeBytes": 1500000000},
		M{"names": A{"registry.test/small:2"}, "sizeBytes": 1000000}))
}

func (g *gen) node(name string) M {
	spec := M{}
	if g.chance(5) {
		spec["unschedulable"] = true
	}
	if g.taints && g.chance(60) || g.chance(5) {
		spec["taints"] = g.taintList()
	}
	status := M{"allocatable": g.allocatable()}
	switch g.Intn(30) {
	case 0:
		status = M{"capacity": g.allocatable()}
	case 1:
		status["capacity"] = g.allocatable()
	case 2:
		status["declaredFeatures"] = A{"SomeFeature"}
	}
	if g.declared && g.chance(50) {
		status["declaredFeatures"] = some(g, 3, "RestartAllContainersOnContainerExits", "SomeFeature", "UserNamespacesHostNetworkSupport")
	}
	if g.chance(20) {
		status["images"] = g.images()
	}
	node := M{"metadata": M{"name": name, "labels": g.nodeLabels(name), "uid": fmt.Sprintf("uid-node-%s-%d", name, g.serial)}, "spec": spec, "status": status}
	g.serial++
	g.adornNode(node)
	if stored, err := storedNode(node); err != nil || validNode(stored) != nil {
		return g.node(name)
	}
	return node
}
