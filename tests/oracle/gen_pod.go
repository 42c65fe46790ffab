package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// incoming makes a pod as a webhook gets it; nearly always one that the API server accepts.
func (g *gen) incoming() M {
	for {
		g.serial++
		p := g.pod(fmt.Sprintf("pending%d", g.serial))
		if g.chance(8) {
			delete(p["metadata"].(M), "namespace")
		}
		spec := p["spec"].(M)
		if g.full {
			spec["priority"] = pick(g, 1, 2, 3, 100, 1000)
		}
		switch g.Intn(60) {
		case 0:
			spec["schedulingGates"] = A{M{"name": "example.com/wait"}, M{"name": "example.com/too"}}
		case 1:
			spec["nodeName"] = "n0"
		case 2:
			spec["schedulerName"] = "other"
		case 3:
			spec["preemptionPolicy"] = "Never"
		}
		if g.chance(10) {
			// ignored at creation, so it must not count
			p["status"] = g.status(p)
		}
		if validPod(p) || g.chance(2) {
			return p
		}
	}
}

// existing makes a pod that is bound to a node, as the API server stores it; nil when it came out invalid too often.
func (g *gen) existing() M {
	for try := 0; try < 10; try++ {
		g.serial++
		name := fmt.Sprintf("e%d", g.serial)
		p := g.pod(name)
		if g.chance(8) {
			// the name of another one, but not in its namespace
			name = fmt.Sprintf("e%d", 1+g.Intn(g.serial))
			p["metadata"].(M)["name"], p["metadata"].(M)["namespace"] = name, fmt.Sprintf("team-%d", g.serial)
		}
		if !validPod(p) {
			continue
		}
		meta, spec := p["metadata"].(M), p["spec"].(M)
		if strings.Contains(compact(spec), "abelKeys") {
			// stored with the merged selectors
			if created, err := createPod(p); err == nil {
				p["spec"] = asMap(created.Spec)
				spec = p["spec"].(M)
			}
		}
		meta["uid"] = fmt.Sprintf("uid-e%d", g.serial)
		if len(g.nodes) > 0 && g.chance(97) {
			spec["nodeName"] = pick(g, g.nodes...)
		} else {
			spec["nodeName"] = "gone"
		}
		p["status"] = g.status(p)
		if g.unstarted >= unstartedMax || g.chance(85) {
			// never the same twice: kube-scheduler sorts pods of equal importance as it likes
			p["status"].(M)["startTime"] = g.start()
		} else {
			g.unstarted++
		}
		if g.chance(10) {
			meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
			meta["deletionGracePeriodSeconds"] = 30
		}
		g.adornBound(p)
		return p
	}
	return nil
}

// start is a time of which there is no second one.
func (g *gen) start() string {
	g.serial++
	return time.Date(2026, 1, 1+g.Intn(5), 0, 0, g.serial, 0, time.UTC).Format(time.RFC3339)
}

func asMap(v any) M {
	var out M
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		panic(err)
	}
	return out
}

func (g *gen) podLabels() M {
	labels := M{}
	if g.spread && g.chance(70) {
		labels["app"] = "web"
		return labels
	}
	for _, key := range some(g, 3, "app", "tier", "version") {
		labels[key] = pick(g, "web", "web", "db", "v1", "v2", "")
	}
	return labels
}

func (g *gen) namespace() string {
	if g.volumes && g.chance(85) {
		return "default" // where the claims are
	}
	if g.spread && g.chance(70) {
		return "default"
	}
	return pick(g, "default", "default", "team-a", "team-b")
}

func (g *gen) pod(name string) M {
	spec := M{}
	hostNetwork := g.ports && g.chance(15)
	hostNetwork = hostNetwork || g.declared && !g.restartRules && g.chance(70)
	if hostNetwork {
		spec["hostNetwork"] = true
	}
	if g.declared && !g.restartRules && g.chance(70) {
		spec["hostUsers"] = false
	}
	containers := A{}
	for i := 1 + g.Intn(3); i > 0; i-- {
		containers = append(containers, g.container(fmt.Sprintf("c%d", i), hostNetwork, false))
	}
	spec["containers"] = containers
	if g.chance(30) {
		inits := A{}
		for i := 1 + g.Intn(3); i > 0; i-- {
			inits = append(inits, g.container(fmt.Sprintf("i%d", i), hostNetwork, g.chance(50)))
		}
		spec["initContainers"] = inits
	}
	if g.chance(12) {
		spec["overhead"] = M{"cpu": pick(g, "10m", "0.1m", "250m"), "memory": pick(g, "1Mi", "100.5", "64Mi")}
		spec["runtimeClassName"] = "kata"
	}
	if g.podLevel && g.chance(60) {
		spec["resources"] = g.podResources()
		if growsWhenAsked(spec) {
			delete(spec, "overhead")
			delete(spec, "runtimeClassName")
		}
	}
	if g.full {
		spec["priority"] = pick(g, -10, -10, -5, 0, 1, 2, 100)
	} else if g.chance(40) {
		spec["priority"] = pick(g, -10, -10, 0, 1, 100)
	}
	if g.taints && g.chance(70) || g.chance(8) {
		spec["tolerations"] = g.tolerations()
	}
	if g.selectors && g.chance(30) {
		spec["nodeSelector"] = pick(g, M{"disk": "ssd"}, M{zoneKey: "a"}, M{"empty": ""}, M{"rack": "r1", zoneKey: "b"}, M{hostnameKey: "n1"})
	}
	g.affinities(spec)
	if g.spread && g.chance(70) {
		spec["topologySpreadConstraints"] = g.spreadConstraints()
	}
	if g.volumes && g.chance(70) || g.chance(5) {
		spec["volumes"] = g.podVolumes()
	}
	if g.chance(3) {
		g.likeDaemon(spec)
	}
	if g.chance(15) {
		g.nulls(spec)
	}
	meta := M{"name": name, "namespace": g.namespace(), "labels": g.podLabels()}
	if g.workloads && g.chance(40) {
		meta["ownerReferences"] = A{g.owner()}
	}
	return M{"metadata": meta, "spec": spec}
}

func (g *gen) container(name string, hostNetwork, sidecar bool) M {
	if g.chance(1) && len(name) == 2 {
		// a container of many resources and nothing else
		return M{"name": name, "image": "registry.test/pause:1", "resources": M{"limits": M{"cpu": 1, "memory": 1e9, "ephemeral-storage": "1", "example.com/gpu": 1,
			"nvidia.com/gpu": "1", "vendor.io/fpga": 2}}, "ports": nil, "restartPolicy": sidecarPolicy(sidecar)}
	}
	image := pick(g, "registry.test/pause:1", "registry.test/pause:1", "registry.test/big", "registry.test/small:2", "registry.test/none:1", "localhost:5000/odd")
	c := M{"name": name, "image": image, "terminationMessagePolicy": "File", "imagePullPolicy": "Always"}
	if sidecar {
		c["restartPolicy"] = "Always"
	} else if g.restartRules && g.chance(40) || g.chance(4) {
		g.restartRule(c)
	}
	if r := g.containerResources(); r != nil {
		c["resources"] = r
	}
	if g.ports && g.chance(60) {
		c["ports"] = g.containerPorts(hostNetwork)
	}
	return c
}

func sidecarPolicy(sidecar bool) any {
	if sidecar {
		return "Always"
	}
	return nil
}

// number turns a plain number into a JSON number at times; quantities may be either.
func (g *gen) number(text string) any {
	if value, err := strconv.ParseFloat(text, 64); err == nil && g.chance(8) {
		return value
	}
	return text
}

// nulls puts null where nothing stands: it is the same as nothing.
func (g *gen) nulls(spec M) {
	for _, key := range some(g, 3, "nodeSelector", "tolerations", "affinity", "topologySpreadConstraints", "volumes", "initContainers", "overhead", "resources",
		"schedulingGates", "priority", "nodeName", "hostNetwork", "x-unknown") {
		if _, there := spec[key]; !there {
			spec[key] = nil
		}
	}
}

func (g *gen) containerPorts(hostNetwork bool) A {
	ports := A{}
	for _, number := range some(g, 2, 80, 443, 8080) {
		port := M{"containerPort": number}
		if protocol := pick(g, "", "TCP", "TCP", "UDP", "SCTP"); protocol != "" {
			port["protocol"] = protocol
		}
		if hostNetwork {
			if g.chance(50) {
				port["hostPort"] = number
			}
		} else if g.chance(75) {
			port["hostPort"] = pick(g, 80, 443, 8080, 31000)
			if ip := pick(g, "", "", "0.0.0.0", "127.0.0.1", "10.0.0.1", "::", "::1"); ip != "" {
				port["hostIP"] = ip
			}
		}
		ports = append(ports, port)
	}
	return ports
}

// amount puts a request, a limit or both, the limit not below the request.
func (g *gen) amount(requests, limits M, name string, texts []string) {
	low := g.Intn(len(texts))
	if g.chance(60) {
		low /= 2 // many small ones
	}
	high := low + g.Intn(len(texts)-low)
	switch g.Intn(4) {
	case 0:
		limits[name] = g.number(texts[high])
	case 1:
		requests[name], limits[name] = g.number(texts[low]), g.number(texts[high])
	default:
		requests[name] = g.number(texts[low])
	}
}

func (g *gen) containerResources() M {
	requests, limits := M{}, M{}
	if g.full && g.chance(80) {
		return M{"requests": M{"cpu": pick(g, "250m", "500m", "1", "1500m"), "memory": pick(g, "64Mi", "512Mi", "1Gi", "2Gi")}}
	}
	if g.resources || g.chance(25) {
		if g.chance(70) {
			g.amount(requests, limits, "cpu", cpuTexts)
		}
		if g.chance(70) {
			g.amount(requests, limits, "memory", memoryTexts)
		}
		if g.chance(20) {
			g.amount(requests, limits, "ephemeral-storage", ephemeralTexts)
		}
		if g.chance(1) {
			name := pick(g, "cpu", "memory", "memory", "ephemeral-storage")
			requests[name] = pick(g, oddTexts...)
			delete(limits, name)
		}
	}
	if g.resources && g.chance(20) {
		name := pick(g, extendedNames...)
		limits[name] = pick(g, "0", "1", "2", "3")
		if g.chance(50) {
			requests[name] = limits[name]
		}
	}
	if g.resources && g.chance(8) {
		// neither extended nor the API server's own: a request may stand alone
		requests[pick(g, nativeNames...)] = pick(g, "0", "1", "2", "3")
	}
	if g.resources && g.chance(15) {
		name := pick(g, hugeNames...)
		limits[name] = pick(g, hugeTexts[name]...)
		if g.chance(50) {
			requests[name] = limits[name]
		}
		if requests["cpu"] == nil && limits["cpu"] == nil {
			requests["cpu"] = "1m"
		}
	}
	out := M{}
	if len(requests) > 0 {
		out["requests"] = requests
	}
	if len(limits) > 0 {
		out["limits"] = limits
	}
	if len(out) == 0 && g.chance(70) {
		return nil
	}
	return out
}

func (g *gen) podResources() M {
	out := M{}
	requests, limits := M{}, M{}
	for _, name := range some(g, 2, "cpu", "memory") {
		requests[name] = pick(g, "4", "6", "8")
		if name == "memory" {
			requests[name] = pick(g, "4Gi", "1.5e10", "12Gi")
		}
	}
	for _, name := range some(g, 2, "cpu", "memory") {
		limits[name] = pick(g, "8", "16", "9.5")
		if name == "memory" {
			limits[name] = pick(g, "16Gi", "32Gi", "2e10")
		}
	}
	if g.chance(15) {
		limits["hugepages-2Mi"] = "128Mi"
		if g.chance(40) {
			requests["hugepages-2Mi"] = "128Mi"
		}
	}
	if g.chance(4) {
		// an amount that is not held as a plain integer
		requests["memory"] = pick(g, "5Ei", "8Ei", "9223372036854775807", "1234567890123456789")
		delete(limits, "memory")
	}
	if len(requests) > 0 {
		out["requests"] = requests
	}
	if len(limits) > 0 {
		out["limits"] = limits
	}
	return out
}

func (g *gen) tolerations() A {
	out := A{}
	for i := 1 + g.Intn(3); i > 0; i-- {
		t := M{}
		if effect := pick(g, "", "NoSchedule", "NoSchedule", "NoExecute", "PreferNoSchedule"); effect != "" {
			t["effect"] = effect
		}
		if t["effect"] == "NoExecute" && g.chance(30) {
			t["tolerationSeconds"] = 300
		}
		operators := []string{"", "Equal", "Exists"}
		if g.numericTolerations {
			operators = append(operators, "Gt", "Lt", "Gt", "Lt")
		}
		operator := pick(g, operators...)
		if operator != "" {
			t["operator"] = operator
		}
		if operator != "Exists" || g.chance(80) {
			t["key"] = pick(g, taintKeys...)
		}
		switch operator {
		case "Exists":
		case "Gt", "Lt":
			t["value"] = pick(g, "5", "7", "0", "-1", "10")
		default:
			if value := pick(g, taintValues...); value != "" && value != "-3" {
				t["value"] = value
			}
		}
		out = append(out, t)
	}
	return out
}

// status of a bound pod: phase, in-place resize.
func (g *gen) status(p M) M {
	status := M{"phase": pick(g, "Running", "Running", "Running", "Running", "Pending", "Pending", "Unknown", "Succeeded", "Failed")}
	if !g.resize || !g.chance(70) {
		return status
	}
	spec := p["spec"].(M)
	for _, field := range []string{"container", "initContainer"} {
		list, _ := spec[field+"s"].(A)
		if statuses := g.containerStatuses(list); len(statuses) > 0 {
			status[field+"Statuses"] = statuses
		}
	}
	if g.chance(50) {
		status["conditions"] = pick(g,
			A{M{"type": "PodResizePending", "status": "True", "reason": "Infeasible"}},
			A{M{"type": "PodResizePending", "status": "True", "reason": "Deferred"}},
			A{M{"type": "PodResizeInProgress", "status": "True"}},
			A{M{"type": "Ready", "status": "True"}, M{"type": "PodResizePending", "status": "True", "reason": "Infeasible"}})
	}
	if g.podLevel && g.chance(60) {
		status["resources"] = M{"requests": M{"cpu": pick(g, "1", "5", "7.5"), "memory": pick(g, "1Gi", "9Gi")}}
		if g.chance(60) {
			status["allocatedResources"] = M{"cpu": pick(g, "2", "7"), "memory": pick(g, "2Gi", "13Gi")}
		}
	}
	return status
}

func (g *gen) containerStatuses(containers A) A {
	out := A{}
	for _, c := range containers {
		if g.chance(20) {
			continue
		}
		s := M{"name": c.(M)["name"], "ready": true, "restartCount": 0, "image": "registry.test/pause:1", "imageID": ""}
		if g.chance(75) {
			r := M{}
			if g.chance(80) {
				r["requests"] = g.actual()
			}
			s["resources"] = r
		}
		if g.chance(60) {
			s["allocatedResources"] = pick(g, M{"cpu": pick(g, cpuTexts...)}, M{"memory": pick(g, memoryTexts...)}, g.actual())
		}
		out = append(out, s)
	}
	return out
}
