package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/component-base/featuregate"
	"k8s.io/klog/v2"
)

type harness struct {
	options    options
	without    map[string]bool
	ctx        context.Context
	cancel     context.CancelFunc
	peer       *peer
	schedulers map[config]*scheduler
	gates      string          // gates the process has now
	defaults   map[string]bool // what they were before
	tally      tally
	out        *os.File
}

func newHarness(o options) (*harness, error) {
	h := &harness{options: o, schedulers: map[config]*scheduler{}, tally: newTally()}
	h.ctx, h.cancel = context.WithCancel(klog.NewContext(context.Background(), logr.Discard()))
	var err error
	if o.peer != "" {
		h.peer, err = startPeer(o.peer)
	}
	return h, err
}

func (h *harness) close() {
	if h.peer != nil {
		h.peer.stop()
	}
	if h.out != nil {
		h.out.Close()
	}
	h.cancel()
}

// scheduler for a case's gates and arguments. Gates are global to the process, so they are set whenever they change.
func (h *harness) scheduler(c *Case) (*scheduler, error) {
	want := config{gates: c.Gates, scheduler: c.configuration()}
	if h.gates != want.gates {
		var back []string // at once, as some of them need others
		for name, on := range h.defaults {
			back = append(back, fmt.Sprintf("%s=%v", name, on))
		}
		if err := utilfeature.DefaultMutableFeatureGate.Set(strings.Join(back, ",")); err != nil {
			return nil, err
		}
		h.defaults = map[string]bool{}
		for name := range gateMap(want.gates) {
			h.defaults[name] = utilfeature.DefaultFeatureGate.Enabled(featuregate.Feature(name))
		}
		if want.gates != "" {
			if err := utilfeature.DefaultMutableFeatureGate.Set(want.gates); err != nil {
				return nil, err
			}
		}
		h.gates = want.gates
	}
	if s := h.schedulers[want]; s != nil {
		s.evict = h.options.preemption
		return s, nil
	}
	s, err := newScheduler(h.ctx, want)
	if err != nil {
		return nil, err
	}
	s.evict = h.options.preemption
	h.schedulers[want] = s
	return s, nil
}

// judged is one pod of a case with both answers.
type judged struct {
	step   int
	real   *Answer
	podfit *PeerAnswer
	diffs  []string
}

func key(kind, namespace, name string) string {
	return kind + "/" + namespace + "/" + name
}

func objectKey(o M) string {
	namespace := str(o, "metadata", "namespace")
	if namespace == "" && (o["kind"] == "Pod" || o["kind"] == "PersistentVolumeClaim") {
		namespace = "default"
	}
	return key(str(o, "kind"), namespace, str(o, "metadata", "name"))
}

// real asks kube-scheduler.
func (h *harness) real(c *Case, objects []M) ([]*judged, error) {
	s, err := h.scheduler(c)
	if err != nil {
		return nil, err
	}
	s.decoded = map[uintptr]runtime.Object{} // the case's objects live until it is played, so that addresses are theirs
	defer func() { s.decoded = nil }()
	var out []*judged
	dirty := true
	for i, step := range c.steps() {
		switch {
		case step.Apply != nil:
			objects = replaceObject(objects, objectKey(step.Apply), step.Apply)
			dirty = true
		case step.Delete != nil:
			objects = replaceObject(objects, key(str(step.Delete, "kind"), str(step.Delete, "namespace"), str(step.Delete, "name")), nil)
			dirty = true
		default:
			if dirty {
				if err := s.load(objects); err != nil {
					return nil, err
				}
				dirty = false
			}
			answer, err := s.ask(h.ctx, step.Pod)
			if err != nil {
				return nil, err
			}
			out = append(out, &judged{step: i, real: answer})
		}
	}
	return out, nil
}

func replaceObject(objects []M, name string, by M) []M {
	var out []M
	for _, o := range objects {
		if objectKey(o) != name {
			out = append(out, o)
		}
	}
	if by != nil {
		out = append(out, by)
	}
	return out
}

// play asks both sides and finds the differences of each pod.
func (h *harness) play(c *Case) ([]*judged, error) {
	objects := c.objects()
	all, err := h.real(c, objects)
	if err != nil {
		return nil, err
	}
	line, err := request(c, objects)
	if err != nil {
		return nil, err
	}
	reply, err := h.peer.ask(line)
	if err != nil {
		return nil, err
	}
	if reply.Error != "" || len(reply.Answers) != len(all) {
		for _, j := range all {
			j.podfit = &PeerAnswer{}
			if j.real.Refused != "" {
				continue
			}
			j.diffs = []string{fmt.Sprintf("podfit: error '%s'", reply.Error)}
		}
		return all, nil
	}
	for i, j := range all {
		j.podfit = &reply.Answers[i]
		j.diffs = differences(j.real, j.podfit, h.options.noUnknown)
		j.diffs = append(j.diffs, preemptionDifference(j.real, j.podfit)...)
		if h.options.places && j.diffs == nil {
			j.diffs = append(scoreDifferences(j.real, j.podfit), placeDifference(j.real, j.podfit)...)
		}
	}
	return all, nil
}

func sameReasons(a, b []string) bool {
	x, y := append([]string{}, a...), append([]string{}, b...)
	sort.Strings(x)
	sort.Strings(y)
	return strings.Join(x, "\n") == strings.Join(y, "\n")
}

func differences(real *Answer, podfit *PeerAnswer, noUnknown bool) []string {
	var diffs []string
	add := func(format string, args ...any) { diffs = append(diffs, fmt.Sprintf(format, args...)) }
	exp := &podfit.Explained
	if podfit.Verdict != exp.Verdict || podfit.Message != exp.Message || podfit.Fit != exp.Fit || podfit.Total != exp.Total {
		add("podfit disagrees with itself: remembered %+v, explained %+v", podfit.PeerJudgement, exp.PeerJudgement)
	}
	if real.Refused != "" {
		return diffs // nothing to agree with
	}
	if real.Failed != "" {
		// the attempt ends in an error and is repeated
		if podfit.Verdict != "unknown" {
			add("verdict '%s', kube-scheduler fails: %s", podfit.Verdict, real.Failed)
		}
		return diffs
	}
	if (real.NotJudged != "") != (podfit.Verdict == "notJudged") {
		add("verdict '%s' (%s), kube-scheduler skips the pod: '%s'", podfit.Verdict, podfit.Cause, real.NotJudged)
		return diffs
	}
	if real.NotJudged != "" {
		if strings.HasPrefix(real.NotJudged, "waiting for") && podfit.Cause != real.NotJudged {
			add("cause '%s', expected '%s'", podfit.Cause, real.NotJudged)
		}
		return diffs
	}
	if podfit.Verdict == "unknown" {
		if noUnknown {
			add("unknown: %s", podfit.Cause)
		}
		return diffs
	}
	if (podfit.Verdict == "fits") != (real.Fits > 0 || podfit.Preemption != nil) {
		add("verdict '%s', %d nodes fit", podfit.Verdict, real.Fits)
	}
	undecided := 0
	for _, n := range exp.Nodes {
		if n.Code == "Undecided" && real.Nodes[n.Name].Fits {
			undecided++
		}
	}
	if podfit.Fit+undecided != real.Fits || podfit.Total != len(real.Nodes) {
		add("%d of %d nodes fit, expected %d of %d", podfit.Fit, podfit.Total, real.Fits, len(real.Nodes))
	}
	if podfit.Message != real.Message && podfit.Preemption == nil {
		add("message '%s', expected '%s'", podfit.Message, real.Message)
	}
	if len(exp.Nodes) != len(real.Nodes) {
		add("%d nodes, expected %d", len(exp.Nodes), len(real.Nodes))
	}
	for _, n := range exp.Nodes {
		if n.Code == "Undecided" && podfit.Verdict == "fits" && !noUnknown {
			continue // another node fits, so it does not matter that podfit cannot tell for this one
		}
		want, ok := real.Nodes[n.Name]
		if !ok || n.Fits != want.Fits || n.Plugin != want.Plugin || n.Code != want.Code || !sameReasons(n.Reasons, want.Reasons) {
			add("%s: %s, expected %s", n.Name, compact(n.NodeAnswer), compact(want))
		}
	}
	return diffs
}

// placeDifference: is the predicted node one among which kube-scheduler would choose?
func placeDifference(real *Answer, podfit *PeerAnswer) []string {
	if podfit.Verdict != "fits" || len(real.Places) == 0 || slices.Contains(real.Places, podfit.Place) {
		return nil
	}
	return []string{fmt.Sprintf("placed on '%s', kube-scheduler chooses among %v", podfit.Place, real.Places)}
}

// sameNodes: have both sides scored the same nodes? A node that podfit cannot tell about is not among its own.
func sameNodes(real *Answer, podfit *PeerAnswer) bool {
	if podfit.Verdict != "fits" || len(podfit.Scores) != len(real.Plugins) {
		return false
	}
	for node := range real.Plugins {
		if podfit.Scores[node] == nil {
			return false
		}
	}
	return true
}

// scoreDifferences compares the weighted score of each plug-in on each node that fits; a plug-in that is skipped scores 0.
func scoreDifferences(real *Answer, podfit *PeerAnswer) []string {
	var diffs []string
	if !sameNodes(real, podfit) {
		return nil
	}
	for node, plugins := range real.Plugins {
		for name := range podfit.Scores[node] {
			if got := podfit.Scores[node][name]; got != plugins[name] {
				diffs = append(diffs, fmt.Sprintf("%s: score %d of plug-in %s, expected %d", node, got, name, plugins[name]))
			}
		}
		for name, score := range plugins {
			if _, there := podfit.Scores[node][name]; !there && score != 0 {
				diffs = append(diffs, fmt.Sprintf("%s: no score of plug-in %s, expected %d", node, name, score))
			}
		}
	}
	sort.Strings(diffs)
	return diffs
}

// score plug-ins that podfit has
const scoredPlugins = 7

var numbers = regexp.MustCompile(`[0-9]+`)

func (h *harness) count(all []*judged) {
	t := &h.tally
	t.Clusters++
	for _, j := range all {
		t.Pods++
		switch {
		case j.real.Refused != "":
			t.Refused++
			text := j.real.Refused
			if i := strings.Index(text, ": "); i > 0 {
				text = numbers.ReplaceAllString(text[:i], "N")
			}
			t.Refusals[text]++
			continue
		case j.real.Failed != "":
			t.Failed++
			continue
		case j.real.NotJudged != "":
			t.NotJudged++
			continue
		}
		known := j.podfit.Verdict != "unknown"
		if known {
			t.Compared++
			t.Nodes += len(j.real.Nodes)
		} else {
			t.Unknown++
			t.Causes[j.podfit.Cause]++
		}
		h.countReasons(j.real, known)
		if len(j.real.Candidates) > 0 {
			t.Preempting++
		}
		if known && sameNodes(j.real, j.podfit) {
			t.Scores += len(j.real.Plugins) * scoredPlugins
		}
		if known && len(j.real.Places) > 0 {
			t.PlaceAsked++
			if slices.Contains(j.real.Places, j.podfit.Place) {
				t.PlaceSame++
			}
		}
	}
}

func (h *harness) compare(c *Case) error {
	all, err := h.play(c)
	if err != nil {
		return err
	}
	h.count(all)
	for _, j := range all {
		if len(j.diffs) == 0 {
			continue
		}
		if h.differs(c) == nil {
			h.tally.Random++
			return nil
		}
		return h.mismatch(c, j)
	}
	return nil
}
