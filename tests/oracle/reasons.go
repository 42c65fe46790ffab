package main

import (
	"fmt"
	"regexp"
	"sort"
)

type reason struct{ plugin, code, text string }

type reasonCount struct {
	Met      int // kube-scheduler said so
	Compared int // and podfit had an answer
}

const (
	u  = "Unschedulable"
	uu = "UnschedulableAndUnresolvable"
)

// wanted lists what random clusters have to reach, with the feature that is needed for it.
var wanted = []struct {
	reason
	feature string
}{
	{reason{"NodeUnschedulable", uu, "node(s) were unschedulable"}, ""},
	{reason{"TaintToleration", uu, "node(s) had untolerated taint(s)"}, ""},
	{reason{"NodeAffinity", uu, "node(s) didn't match Pod's node affinity/selector"}, ""},
	{reason{"NodeAffinity", uu, "pod affinity terms conflict"}, ""},
	{reason{"NodeAffinity", uu, "node(s) didn't match scheduler-enforced node affinity"}, "gates"},
	{reason{"prefilter", uu, "node(s) didn't satisfy plugin(s) [NodeAffinity]"}, ""},
	{reason{"NodePorts", u, "node(s) didn't have free ports for the requested pod ports"}, ""},
	{reason{"NodeResourcesFit", u, "Too many pods"}, ""},
	{reason{"NodeResourcesFit", uu, "Too many pods"}, ""},
	{reason{"NodeResourcesFit", u, "Insufficient cpu"}, ""},
	{reason{"NodeResourcesFit", uu, "Insufficient cpu"}, ""},
	{reason{"NodeResourcesFit", u, "Insufficient memory"}, ""},
	{reason{"NodeResourcesFit", uu, "Insufficient memory"}, ""},
	{reason{"NodeResourcesFit", u, "Insufficient ephemeral-storage"}, ""},
	{reason{"NodeResourcesFit", uu, "Insufficient ephemeral-storage"}, ""},
	{reason{"NodeResourcesFit", u, "Insufficient hugepages-*"}, ""},
	{reason{"NodeResourcesFit", uu, "Insufficient hugepages-*"}, ""},
	{reason{"NodeResourcesFit", u, "Insufficient extended"}, ""},
	{reason{"NodeResourcesFit", uu, "Insufficient extended"}, ""},
	{reason{"PodTopologySpread", u, "node(s) didn't match pod topology spread constraints"}, "spread"},
	{reason{"PodTopologySpread", uu, "node(s) didn't match pod topology spread constraints (missing required label)"}, "spread"},
	{reason{"InterPodAffinity", uu, "node(s) didn't match pod affinity rules"}, "affinity"},
	{reason{"InterPodAffinity", u, "node(s) didn't match pod anti-affinity rules"}, "affinity"},
	{reason{"InterPodAffinity", u, "node(s) didn't satisfy existing pods anti-affinity rules"}, "affinity"},
	{reason{"VolumeRestrictions", u, "node(s) had no available disk"}, "volumes"},
	{reason{"VolumeRestrictions", u, "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"}, "volumes"},
	{reason{"NodeVolumeLimits", u, "node(s) exceed max volume count"}, "volumes"},
	{reason{"VolumeBinding", uu, "node(s) didn't match PersistentVolume's node affinity"}, "volumes"},
	{reason{"VolumeBinding", uu, "node(s) didn't find available persistent volumes to bind"}, "volumes"},
	{reason{"VolumeBinding", uu, "node(s) did not have enough free storage"}, "volumes"},
	{reason{"VolumeBinding", uu, "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"}, "profiles"},
	{reason{"VolumeZone", uu, "PersistentVolumeClaim had no pv name and storageClass name"}, "profiles"},
	{reason{"VolumeZone", uu, "persistentvolume \"*\" not found"}, "volumes"},
	{reason{"VolumeBinding", uu, "pod has unbound immediate PersistentVolumeClaims"}, "volumes"},
	{reason{"VolumeBinding", uu, "persistentvolumeclaim \"*\" is being deleted"}, "volumes"},
	{reason{"VolumeBinding", uu, "persistentvolumeclaim \"*\" bound to non-existent persistentvolume \"*\""}, "volumes"},
	{reason{"VolumeBinding", uu, "waiting for ephemeral volume controller to create the persistentvolumeclaim \"*\""}, "volumes"},
	{reason{"VolumeRestrictions", uu, "persistentvolumeclaim \"*\" not found"}, "volumes"},
	{reason{"VolumeZone", uu, "node(s) had no available volume zone"}, "volumes"},
	{reason{"DynamicResources", uu, "cannot allocate all claims"}, "dra"},
	{reason{"NodeDeclaredFeatures", uu, "node(s) didn't match Pod's required features"}, "declared"},
}

var (
	quoted    = regexp.MustCompile(`"[^"]*"`)
	hugepages = regexp.MustCompile(`^Insufficient hugepages-.*`)
	extended  = regexp.MustCompile(`^Insufficient .*/.*`)
)

func normalise(text string) string {
	text = quoted.ReplaceAllString(text, `"*"`)
	text = hugepages.ReplaceAllString(text, "Insufficient hugepages-*")
	return extended.ReplaceAllString(text, "Insufficient extended")
}

func (h *harness) countReasons(real *Answer, compared bool) {
	for _, n := range real.Nodes {
		for _, text := range n.Reasons {
			r := reason{n.Plugin, n.Code, normalise(text)}
			c := h.tally.Reasons[r]
			if c == nil {
				c = &reasonCount{}
				h.tally.Reasons[r] = c
			}
			c.Met++
			if compared {
				c.Compared++
			}
		}
	}
}

func (t *tally) printReasons() {
	var all []reason
	for r := range t.Reasons {
		all = append(all, r)
	}
	sort.Slice(all, func(a, b int) bool {
		return fmt.Sprint(all[a]) < fmt.Sprint(all[b])
	})
	fmt.Printf("%10s %10s  %-20s %-28s %s\n", "met", "compared", "plug-in", "code", "reason")
	for _, r := range all {
		c := t.Reasons[r]
		fmt.Printf("%10d %10d  %-20s %-28s %s\n", c.Met, c.Compared, r.plugin, r.code, r.text)
	}
}

func (t *tally) missingReasons(without map[string]bool) []string {
	var missing []string
	for _, w := range wanted {
		if t.Reasons[w.reason] == nil && !without[w.feature] {
			missing = append(missing, fmt.Sprintf("%s %s '%s'", w.plugin, w.code, w.text))
		}
	}
	return missing
}
