package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"sort"
	"strings"
)

const (
	mismatchesMax = 25   // a run stops after so many
	asksAgain     = 40   // until a difference is believed
	shrinkTries   = 3000 // cases played to shrink one
)

// differs: does the case still show a difference? A case that cannot be played does not. kube-scheduler walks maps where it chooses volumes,
// so some of its answers are random; podfit's has to be one of them.
func (h *harness) differs(c *Case) []string {
	diffs := h.differsOnce(c)
	for i := 1; diffs != nil && i < asksAgain && strings.Contains(compact(c.Objects), "PersistentVolume"); i++ {
		diffs = h.differsOnce(c)
	}
	return diffs
}

func (h *harness) differsOnce(c *Case) []string {
	all, err := h.play(c)
	if err != nil {
		return nil
	}
	for _, j := range all {
		if len(j.diffs) != 0 {
			return j.diffs
		}
	}
	return nil
}

// mismatch shrinks a case, prints and keeps it.
func (h *harness) mismatch(c *Case, j *judged) error {
	h.tally.Mismatches++
	small := clone(c)
	alone := clone(c)
	step := c.steps()[j.step]
	alone.Pod, alone.Steps = step.Pod, nil
	if j.step == 0 && h.differs(alone) != nil {
		small = alone
	} else if merged := h.merge(c, j.step); h.differs(merged) != nil {
		small = merged
	} else {
		all := c.steps()
		small.Pod, small.Steps = nil, all[:j.step+1]
	}
	small = h.shrink(small, kindsOf(h.differs(small)))
	diffs := h.differs(small)
	real := h.describe(small)
	fmt.Printf("DIFFERENCE %s\n  first: %v\n  shrunk: %v\n  %s\n", c.Name, j.diffs, diffs, compact(small))
	return h.keep(small, real)
}

// merge plays the changes before a step into the objects, so that its pod is asked of a fresh model.
func (h *harness) merge(c *Case, at int) *Case {
	objects := c.objects()
	for _, s := range c.steps()[:at] {
		switch {
		case s.Apply != nil:
			objects = replaceObject(objects, objectKey(s.Apply), s.Apply)
		case s.Delete != nil:
			objects = replaceObject(objects, key(str(s.Delete, "kind"), str(s.Delete, "namespace"), str(s.Delete, "name")), nil)
		}
	}
	out := &Case{Name: c.Name, Pod: c.steps()[at].Pod, Gates: c.Gates, FitArgs: c.FitArgs, Affinity: c.Affinity, Scheduler: c.Scheduler, Nodes: A{}, Existing: A{}}
	for _, o := range objects {
		bare := M{}
		for k, v := range o {
			if k != "kind" && k != "apiVersion" {
				bare[k] = v
			}
		}
		switch o["kind"] {
		case "Node":
			out.Nodes = append(out.Nodes, bare)
		case "Pod":
			if str(o, "spec", "nodeName") == "" && str(o, "status", "nominatedNodeName") != "" {
				out.Nominated = append(out.Nominated, bare)
			} else {
				out.Existing = append(out.Existing, bare)
			}
		case "Namespace":
			out.Namespaces = append(out.Namespaces, bare)
		default:
			out.Objects = append(out.Objects, o)
		}
	}
	return clone(out)
}

func (h *harness) keep(c *Case, real *Answer) error {
	if h.options.out == "" {
		return nil
	}
	if h.out == nil {
		f, err := os.OpenFile(h.options.out, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		h.out = f
	}
	if _, err := fmt.Fprintln(h.out, compact(c)); err != nil {
		return err
	}
	path, err := h.writeFolder(strings.TrimSuffix(h.options.out, ".jsonl"), c, real)
	if err == nil {
		tellFolder(path, len(c.steps()))
	}
	return err
}

// describe fills in what kube-scheduler says to the last pod, in the format of the recorded cases; nil when it cannot be asked.
func (h *harness) describe(c *Case) *Answer {
	all, err := h.real(c, c.objects())
	if err != nil || len(all) == 0 {
		return nil
	}
	real := all[len(all)-1].real
	fits, reasons, plugin, code := map[string]bool{}, map[string][]string{}, map[string]string{}, map[string]string{}
	for name, n := range real.Nodes {
		fits[name] = n.Fits
		if !n.Fits {
			reasons[name], plugin[name], code[name] = n.Reasons, n.Plugin, n.Code
		}
	}
	expect := M{"fits": fits, "reasons": reasons, "plugin": plugin, "code": code}
	if real.Message != "" {
		expect["message"] = real.Message
	}
	if real.Scores != nil {
		expect["scores"], expect["plugin_scores"] = real.Scores, real.Plugins
	}
	// a case that expects no candidates has the message without what PostFilter adds
	if old, _ := c.Expect.(M); real.Candidates != nil && (old == nil || old["candidates"] != nil) {
		expect["candidates"] = real.Candidates
		expect["message"] = real.FullMessage
	}
	if real.NotJudged != "" {
		expect["notJudged"] = real.NotJudged
	}
	if real.Failed != "" {
		expect["failed"] = real.Failed
	}
	if h.options.places {
		expect["places"] = real.Places
	}
	c.Expect = expect
	valid := real.Refused == ""
	c.APIValid = &valid
	return real
}

func printAnswers(path string) error {
	cases, err := readCases(path)
	if err != nil {
		return err
	}
	h, err := newHarness(options{})
	if err != nil {
		return err
	}
	defer h.close()
	for _, c := range cases {
		h.describe(c)
		fmt.Println(compact(c))
	}
	return nil
}

var (
	pluginNames = regexp.MustCompile(`"plugin":"([A-Za-z]*)"`)
	scoredNames = regexp.MustCompile(`core (?:[0-9-]+ )?of plug-in ([A-Za-z]*)`)
)

// kindsOf says what differences are about: the plug-ins that they name, and what is neither a node's answer nor a message.
func kindsOf(diffs []string) map[string]bool {
	found := map[string]bool{}
	for _, diff := range diffs {
		switch {
		case strings.HasPrefix(diff, "podfit: error"):
			found["error"] = true
		case strings.Contains(diff, "kube-scheduler fails"):
			found["failure"] = true
		case strings.Contains(diff, "kube-scheduler skips"):
			found["skipped"] = true
		}
		for _, match := range pluginNames.FindAllStringSubmatch(diff, -1) {
			found[match[1]] = true
		}
		for _, match := range scoredNames.FindAllStringSubmatch(diff, -1) {
			found["score of "+match[1]] = true
		}
	}
	return found
}

func (h *harness) differsAlike(c *Case, named map[string]bool) bool {
	diffs := h.differs(c)
	for name := range kindsOf(diffs) {
		if !named[name] {
			return false
		}
	}
	return diffs != nil
}

// stored: could the API server hold all of the case's pods and nodes?
func (c *Case) stored() bool {
	for _, o := range c.objects() {
		switch o["kind"] {
		case "Pod":
			if !validPod(o) {
				return false
			}
		case "Node":
			node, err := storedNode(o)
			if err != nil || validNode(node) != nil {
				return false
			}
		}
	}
	return true
}

// shrink removes parts of the case's JSON, large ones first, as long as the difference stays.
// It may lose plug-ins that the first difference names, but not come to name others: then it would be another difference. Nor may it come to
// hold what the API server would not.
func (h *harness) shrink(c *Case, named map[string]bool) *Case {
	tree := asTree(c)
	stored := c.stored()
	tries := 0
	for again := true; again && tries < shrinkTries; {
		again = false
		for _, path := range paths(tree) {
			if tries >= shrinkTries {
				break
			}
			smaller, ok := without(tree, path)
			if !ok {
				continue
			}
			tries++
			candidate := fromTree(smaller)
			if candidate != nil && (!stored || candidate.stored()) && h.differsAlike(candidate, named) {
				tree, again = smaller, true
			}
		}
	}
	return fromTree(tree)
}

func asTree(c *Case) M {
	var tree M
	if err := json.Unmarshal([]byte(compact(c)), &tree); err != nil {
		panic(err)
	}
	return tree
}

func fromTree(tree M) *Case {
	c := &Case{}
	if err := json.Unmarshal([]byte(compact(tree)), c); err != nil || len(c.steps()) == 0 {
		return nil
	}
	for _, s := range c.steps() {
		if s.Pod == nil && str(s.Apply, "kind") == "" && str(s.Delete, "kind") == "" {
			return nil
		}
	}
	return c
}

var keepKeys = map[string]bool{"nodes": true, "existing": true, "containers": true, "name": true, "pod": true, "kind": true, "apiVersion": true, "metadata": true, "namespace": true, "gates": true, "image": true}

// paths lists what may be removed, children after parents; list items from the back so that indices stay right.
func paths(tree M) [][]any {
	var found [][]any
	var walk func(value any, path []any)
	walk = func(value any, path []any) {
		switch v := value.(type) {
		case M:
			keys := make([]string, 0, len(v))
			for k := range v {
				keys = append(keys, k)
			}
			sort.Strings(keys)
			for _, k := range keys {
				p := append(append([]any{}, path...), k)
				if !keepKeys[k] {
					found = append(found, p)
				}
				walk(v[k], p)
			}
		case A:
			for i := len(v) - 1; i >= 0; i-- {
				p := append(append([]any{}, path...), i)
				found = append(found, p)
				walk(v[i], p)
			}
		}
	}
	walk(tree, nil)
	sort.SliceStable(found, func(a, b int) bool { return len(found[a]) < len(found[b]) })
	return found
}

// without gives a copy that lacks the part at the path.
func without(tree M, path []any) (M, bool) {
	out := clone(tree)
	var parent any = out
	var set func(v any)
	for _, step := range path[:len(path)-1] {
		switch p := parent.(type) {
		case M:
			k, ok := step.(string)
			if _, there := p[k]; !ok || !there {
				return nil, false
			}
			set = func(v any) { p[k] = v }
			parent = p[k]
		case A:
			i, ok := step.(int)
			if !ok || i >= len(p) {
				return nil, false
			}
			set = func(v any) { p[i] = v }
			parent = p[i]
		default:
			return nil, false
		}
	}
	switch p := parent.(type) {
	case M:
		k, ok := path[len(path)-1].(string)
		if _, there := p[k]; !ok || !there {
			return nil, false
		}
		delete(p, k)
	case A:
		i, ok := path[len(path)-1].(int)
		if !ok || i >= len(p) {
			return nil, false
		}
		set(append(append(A{}, p[:i]...), p[i+1:]...))
	default:
		return nil, false
	}
	return out, true
}
