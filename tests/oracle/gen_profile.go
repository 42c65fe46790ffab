package main

func profileArgs(plugin string, args M) M {
	return M{"pluginConfig": A{M{"name": plugin, "args": args}}}
}

func strategy(kind string, resources A, more M) M {
	args := M{"type": kind, "resources": resources}
	for k, v := range more {
		args[k] = v
	}
	return profileArgs("NodeResourcesFit", M{"scoringStrategy": args})
}

func listed(constraints ...any) M {
	return profileArgs("PodTopologySpread", M{"defaultingType": "List", "defaultConstraints": append(A{}, constraints...)})
}

func weighed(name string, weight int) M {
	return M{"name": name, "weight": weight}
}

var preferZoneA = A{M{"weight": 10, "preference": M{"matchExpressions": A{M{"key": zoneKey, "operator": "In", "values": A{"a"}}}}},
	M{"weight": 3, "preference": M{"matchExpressions": A{M{"key": "disk", "operator": "Exists"}}}}}

// off switches plug-ins off at one point.
func off(point string, names ...string) M {
	list := A{}
	for _, name := range names {
		list = append(list, M{"name": name})
	}
	return M{"plugins": M{point: M{"disabled": list}}}
}

// halfProfiles have one plug-in on at one point and off at the next.
func halfProfiles() []M {
	all := []M{off("multiPoint", "VolumeRestrictions", "VolumeBinding", "VolumeZone"), off("postFilter", "DynamicResources"), off("preFilter", "VolumeBinding", "VolumeZone")}
	for _, name := range []string{"NodeAffinity", "NodePorts", "NodeResourcesFit", "VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding", "VolumeZone",
		"PodTopologySpread", "InterPodAffinity", "DynamicResources", "NodeDeclaredFeatures"} {
		all = append(all, off("preFilter", name), off("filter", name))
	}
	for _, name := range []string{"TaintToleration", "PodTopologySpread", "InterPodAffinity"} {
		all = append(all, off("preScore", name))
	}
	return all
}

// profiles are what the random clusters choose from: a framework is built for each once.
var profiles = []M{
	{"plugins": M{"score": M{"enabled": A{weighed("NodeResourcesFit", 5), weighed("ImageLocality", 3)}, "disabled": A{M{"name": "PodTopologySpread"}}}}},
	{"plugins": M{"multiPoint": M{"enabled": A{weighed("TaintToleration", 1), weighed("InterPodAffinity", 9), weighed("NodeAffinity", 0)}}}},
	{"plugins": M{"score": M{"disabled": A{M{"name": "*"}}, "enabled": A{M{"name": "NodeResourcesBalancedAllocation"}, weighed("PodTopologySpread", 40)}}}},
	{"plugins": M{"preScore": M{"disabled": A{M{"name": "NodeResourcesFit"}, M{"name": "NodeResourcesBalancedAllocation"}, M{"name": "NodeAffinity"}}}}},
	strategy("MostAllocated", A{weighed("cpu", 1), weighed("memory", 3), weighed("example.com/gpu", 5)}, nil),
	strategy("LeastAllocated", A{weighed("ephemeral-storage", 2), weighed("vendor.io/fpga", 7), M{"name": "cpu"}}, nil),
	strategy("RequestedToCapacityRatio", A{M{"name": "cpu"}, weighed("memory", 2), weighed("example.com/gpu", 3)},
		M{"requestedToCapacityRatio": M{"shape": A{M{"utilization": 0, "score": 0}, M{"utilization": 33, "score": 7}, M{"utilization": 100, "score": 10}}}}),
	strategy("RequestedToCapacityRatio", A{weighed("memory", 100), weighed("ephemeral-storage", 1)},
		M{"requestedToCapacityRatio": M{"shape": A{M{"utilization": 10, "score": 10}, M{"utilization": 90, "score": 0}}}}),
	profileArgs("NodeResourcesBalancedAllocation", M{"resources": A{M{"name": "cpu"}, M{"name": "memory"}, M{"name": "example.com/gpu"}, M{"name": "ephemeral-storage"}}}),
	profileArgs("NodeResourcesBalancedAllocation", M{"resources": A{M{"name": "memory"}, M{"name": "vendor.io/fpga"}}}),
	listed(M{"maxSkew": 1, "topologyKey": zoneKey, "whenUnsatisfiable": "DoNotSchedule"},
		M{"maxSkew": 2, "topologyKey": hostnameKey, "whenUnsatisfiable": "ScheduleAnyway"}),
	listed(M{"maxSkew": 1, "topologyKey": hostnameKey, "whenUnsatisfiable": "DoNotSchedule", "nodeTaintsPolicy": "Honor", "minDomains": 3},
		M{"maxSkew": 1, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule", "nodeAffinityPolicy": "Ignore"}),
	listed(M{"maxSkew": 3, "topologyKey": zoneKey, "whenUnsatisfiable": "ScheduleAnyway"}, M{"maxSkew": 1, "topologyKey": "rack", "whenUnsatisfiable": "ScheduleAnyway"}),
	listed(),
	profileArgs("InterPodAffinity", M{"hardPodAffinityWeight": 50}),
	profileArgs("InterPodAffinity", M{"hardPodAffinityWeight": 0, "ignorePreferredTermsOfExistingPods": true}),
	profileArgs("NodeAffinity", M{"addedAffinity": M{"preferredDuringSchedulingIgnoredDuringExecution": preferZoneA}}),
	{"plugins": M{"filter": M{"disabled": A{M{"name": "TaintToleration"}, M{"name": "NodePorts"}}}}},
	{"plugins": M{"multiPoint": M{"disabled": A{M{"name": "NodeResourcesFit"}, M{"name": "VolumeBinding"}}}}},
	{"plugins": M{"multiPoint": M{"disabled": A{M{"name": "InterPodAffinity"}, M{"name": "PodTopologySpread"}, M{"name": "VolumeZone"}, M{"name": "DefaultPreemption"}}}}},
}

// workload makes a Service or a controller that selects pods.
func (g *gen) workload(namespace string) M {
	labels := pick(g, M{"app": "web"}, M{"app": "web"}, M{"tier": "db"}, M{"app": "web", "version": "v1"})
	selector := M{"matchLabels": labels}
	if g.chance(30) {
		selector = M{"matchExpressions": A{M{"key": "app", "operator": pick(g, "Exists", "DoesNotExist")}}}
	}
	kind := pick(g, "Service", "Service", "ReplicationController", "ReplicaSet", "StatefulSet")
	object := M{"apiVersion": "v1", "kind": kind, "metadata": M{"name": "w", "namespace": namespace}, "spec": M{"selector": labels}}
	switch {
	case kind == "ReplicaSet" || kind == "StatefulSet":
		object["apiVersion"], object["spec"] = "apps/v1", M{"selector": selector}
	case kind == "Service" && g.chance(10):
		object["spec"] = pick(g, M{}, M{"selector": M{}})
	}
	return object
}

// owner is a reference to such a controller, known or not.
func (g *gen) owner() M {
	kind := pick(g, "ReplicaSet", "ReplicaSet", "StatefulSet", "ReplicationController", "Job")
	version := M{"ReplicationController": "v1", "Job": "batch/v1"}[kind]
	if version == nil {
		version = "apps/v1"
	}
	return M{"apiVersion": version, "kind": kind, "name": pick(g, "w", "w", "w", "gone"), "uid": "uid-w", "controller": g.chance(90)}
}
