package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// M and A are JSON as it will be sent: quantities keep their spelling, so both sides parse the same text.
type (
	M = map[string]any
	A = []any
)

// Step is one of: ask a pod, apply an object (add or replace), delete an object.
type Step struct {
	Pod    M `json:"pod,omitempty"`
	Apply  M `json:"apply,omitempty"`
	Delete M `json:"delete,omitempty"`
}

// Case has the format of the recorded cases; Objects holds kinds other than nodes, pods and namespaces, and Steps replaces Pod when one pod
// asked of a fresh model does not show the difference.
type Case struct {
	Name       string `json:"name"`
	Source     string `json:"source,omitempty"`
	Pod        M      `json:"pod,omitempty"`
	Steps      []Step `json:"steps,omitempty"`
	Nodes      A      `json:"nodes"`
	Existing   A      `json:"existing"`
	Namespaces A      `json:"namespaces,omitempty"`
	Nominated  A      `json:"nominated,omitempty"`
	Objects    A      `json:"objects,omitempty"`
	Budgets    A      `json:"pdbs,omitempty"`
	Gates      string `json:"gates,omitempty"`
	FitArgs    M      `json:"fit_args,omitempty"`
	Affinity   M      `json:"affinity_args,omitempty"` // NodeAffinityArgs.addedAffinity
	Scheduler  M      `json:"scheduler,omitempty"`     // a profile of KubeSchedulerConfiguration
	Expect     any    `json:"expect,omitempty"`
	APIValid   *bool  `json:"api_valid,omitempty"`
}

func (c *Case) steps() []Step {
	if c.Pod != nil {
		return append([]Step{{Pod: c.Pod}}, c.Steps...)
	}
	return c.Steps
}

// configuration is the KubeSchedulerConfiguration of the case as JSON; empty when everything is as by default.
func (c *Case) configuration() string {
	profile := clone(c.Scheduler)
	if profile == nil {
		profile = M{}
	}
	args, _ := profile["pluginConfig"].(A)
	if c.FitArgs != nil {
		args = append(args, M{"name": "NodeResourcesFit", "args": c.FitArgs})
	}
	if c.Affinity != nil {
		args = append(args, M{"name": "NodeAffinity", "args": M{"addedAffinity": c.Affinity}})
	}
	if args != nil {
		profile["pluginConfig"] = args
	}
	if len(profile) == 0 {
		return ""
	}
	return compact(M{"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration", "profiles": A{profile}})
}

func withKind(kind, version string, item any) M {
	out := M{"apiVersion": version, "kind": kind}
	for k, v := range item.(M) {
		out[k] = v
	}
	return out
}

// objects lists everything with apiVersion and kind, namespaces that only pods name included.
func (c *Case) objects() []M {
	var all []M
	named := map[string]bool{}
	for _, n := range c.Namespaces {
		all = append(all, withKind("Namespace", "v1", n))
		named[str(n.(M), "metadata", "name")] = true
	}
	plain := func(pod M) {
		name := str(pod, "metadata", "namespace")
		if name == "" {
			name = "default"
		}
		if !named[name] {
			named[name] = true
			all = append(all, M{"apiVersion": "v1", "kind": "Namespace",
				"metadata": M{"name": name, "labels": M{"kubernetes.io/metadata.name": name}}})
		}
	}
	for _, s := range c.steps() {
		if s.Pod != nil {
			plain(s.Pod)
		}
		if s.Apply != nil && s.Apply["kind"] == "Pod" {
			plain(s.Apply)
		}
	}
	for _, p := range append(append(A{}, c.Existing...), c.Nominated...) {
		plain(p.(M))
		all = append(all, withKind("Pod", "v1", p))
	}
	for _, n := range c.Nodes {
		all = append(all, withKind("Node", "v1", n))
	}
	for _, b := range c.Budgets {
		all = append(all, withKind("PodDisruptionBudget", "policy/v1", b))
	}
	for _, o := range c.Objects {
		all = append(all, o.(M))
	}
	return all
}

// str reads a string below keys; empty when it is not there.
func str(m M, keys ...string) string {
	for i, k := range keys {
		if i == len(keys)-1 {
			s, _ := m[k].(string)
			return s
		}
		m, _ = m[k].(M)
		if m == nil {
			return ""
		}
	}
	return ""
}

func readCases(path string) ([]*Case, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var cases []*Case
	scanner := bufio.NewScanner(f)
	scanner.Buffer(nil, 64<<20)
	for line := 1; scanner.Scan(); line++ {
		if strings.TrimSpace(scanner.Text()) == "" {
			continue
		}
		c := &Case{}
		if err := json.Unmarshal(scanner.Bytes(), c); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, line, err)
		}
		cases = append(cases, c)
	}
	return cases, scanner.Err()
}

func clone[T any](v T) T {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var out T
	if err := json.Unmarshal(text, &out); err != nil {
		panic(err)
	}
	return out
}

func compact(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
