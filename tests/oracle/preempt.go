package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"
	fwk "k8s.io/kube-scheduler/framework"
	schedulerapi "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/defaultpreemption"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/feature"

	utilfeature "k8s.io/apiserver/pkg/util/feature"
)

// Candidate is a node on which a pod would be placed by evicting victims.
type Candidate struct {
	Node    string   `json:"node"`
	Victims []string `json:"victims"` // namespace/name, sorted
}

// newPreemption makes the plug-in of the profile; nil when it has none.
func newPreemption(ctx context.Context, profile *schedulerapi.KubeSchedulerProfile, handle fwk.Handle) (*defaultpreemption.DefaultPreemption, error) {
	for _, c := range profile.PluginConfig {
		if c.Name == "DefaultPreemption" {
			return defaultpreemption.New(ctx, c.Args, handle, feature.NewSchedulerFeaturesFromGates(utilfeature.DefaultFeatureGate))
		}
	}
	return nil, nil // the profile does without
}

// preempt does what PostFilter does without evicting anybody. Candidates are the nodes among which kube-scheduler would choose: all that are
// equal to the one it chose.
func (s *scheduler) preempt(ctx context.Context, pod *v1.Pod, state fwk.CycleState, diagnosis *framework.Diagnosis, answer *Answer) error {
	answer.Candidates = []Candidate{}
	statuses := diagnosis.NodeToStatus
	if ok, _ := s.preemption.PodEligibleToPreemptOthers(ctx, pod, statuses.Get(pod.Status.NominatedNodeName)); ok {
		nodes, err := statuses.NodesForStatusCode(s.Snapshot.NodeInfos(), fwk.Unschedulable)
		if err != nil {
			return err
		}
		if len(nodes) > 0 {
			budgets, err := s.factory.Policy().V1().PodDisruptionBudgets().Lister().List(labels.Everything())
			if err != nil {
				return err
			}
			s.dryRun(ctx, pod, state, nodes, budgets, answer)
		}
	}
	if len(answer.Candidates) != 0 {
		return nil
	}
	return s.explainPreemption(ctx, pod, state, diagnosis, answer)
}

// afterAll is later than any start that a case gives.
var afterAll = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

// unordered are the pods whose order as victims is chance: kube-scheduler takes a start that is not given for the present moment each time it looks, so among pods of equal
// priority on a node each of them is before the others.
func unordered(pod *v1.Pod, nodes []fwk.NodeInfo) []*v1.Pod {
	var found []*v1.Pod
	for _, info := range nodes {
		alike := map[int64][]*v1.Pod{}
		for _, other := range info.GetPods() {
			if p := other.GetPod(); p.Status.StartTime == nil && priority(p) < priority(pod) {
				alike[priority(p)] = append(alike[priority(p)], p)
			}
		}
		for _, pods := range alike {
			if len(pods) > 1 {
				found = append(found, pods...)
			}
		}
	}
	return found
}

// orders are all orders of so many pods; of more than the clusters have, or of none, the one that comes.
func orders(count int) [][]int {
	if count == 0 || count > unstartedMax {
		return [][]int{nil}
	}
	all := [][]int{{}}
	for i := 0; i < count; i++ {
		var longer [][]int
		for _, order := range all {
			for at := 0; at <= len(order); at++ {
				longer = append(longer, slices.Insert(slices.Clone(order), at, i))
			}
		}
		all = longer
	}
	return all
}

// dryRun collects the candidates of each order in which pods without a start could come.
func (s *scheduler) dryRun(ctx context.Context, pod *v1.Pod, state fwk.CycleState, nodes []fwk.NodeInfo, budgets []*policyv1.PodDisruptionBudget,
	answer *Answer) {
	pods := unordered(pod, nodes)
	defer func() {
		for _, p := range pods {
			p.Status.StartTime = nil
		}
	}()
	for _, order := range orders(len(pods)) {
		for at, i := range order {
			pods[i].Status.StartTime = &metav1.Time{Time: afterAll.Add(time.Duration(at) * time.Second)}
		}
		s.dryRunOnce(ctx, pod, state, nodes, budgets, answer)
	}
	less := func(a, b Candidate) int { return strings.Compare(compact(a), compact(b)) }
	slices.SortFunc(answer.Candidates, less)
	answer.Candidates = slices.CompactFunc(answer.Candidates, func(a, b Candidate) bool { return less(a, b) == 0 })
}

func (s *scheduler) dryRunOnce(ctx context.Context, pod *v1.Pod, state fwk.CycleState, nodes []fwk.NodeInfo, budgets []*policyv1.PodDisruptionBudget,
	answer *Answer) {
	// an error on one node only counts when there is no candidate, and then PostFilter tells it
	candidates, _, err := s.preemption.Evaluator.DryRunPreemption(ctx, state, pod, nodes, budgets, 0, int32(len(nodes)))
	if len(candidates) == 0 {
		answer.dryRunFailed = answer.dryRunFailed || err != nil
		return
	}
	best := s.preemption.Evaluator.SelectCandidate(ctx, candidates)
	for _, c := range candidates {
		if slices.Equal(rank(c.Victims()), rank(best.Victims())) {
			out := Candidate{Node: c.Name(), Victims: []string{}}
			for _, victim := range c.Victims().Pods {
				if victim.DeletionTimestamp != nil {
					continue // is on its way out, nothing is deleted
				}
				out.Victims = append(out.Victims, victim.Namespace+"/"+victim.Name)
			}
			sort.Strings(out.Victims)
			answer.Candidates = append(answer.Candidates, out)
		}
	}
}

func priority(pod *v1.Pod) int64 {
	if pod.Spec.Priority == nil {
		return 0
	}
	return int64(*pod.Spec.Priority)
}

// rank has what pickOneNodeForPreemption looks at, so that nodes of equal rank are chosen at random.
func rank(victims *extenderv1.Victims) []int64 {
	sum, start := int64(0), int64(math.MaxInt64)
	for _, pod := range victims.Pods {
		sum += priority(pod) + 1<<31
		// a pod that has not started counts as started at the moment it is looked at
		if priority(pod) == priority(victims.Pods[0]) && pod.Status.StartTime != nil && pod.Status.StartTime.Time.Before(afterAll) &&
			pod.Status.StartTime.UnixNano() < start {
			start = pod.Status.StartTime.UnixNano()
		}
	}
	return []int64{victims.NumPDBViolations, priority(victims.Pods[0]), sum, int64(len(victims.Pods)), start}
}

// explainPreemption fills in the text that PostFilter adds when nobody's eviction helps; nothing is evicted then.
func (s *scheduler) explainPreemption(ctx context.Context, pod *v1.Pod, state fwk.CycleState, diagnosis *framework.Diagnosis, answer *Answer) error {
	if err := s.factory.Core().V1().Pods().Informer().GetIndexer().Replace([]any{pod}, ""); err != nil {
		return err
	}
	result, status := s.framework.RunPostFilterPlugins(ctx, state, pod, diagnosis.NodeToStatus)
	if status.IsSuccess() {
		return fmt.Errorf("PostFilter preempts on %v for %s where the dry run does not", result, compact(pod))
	}
	if text := status.Message(); answer.dryRunFailed && strings.HasPrefix(text, "preemption: ") && strings.Contains(text, `running "`) {
		return nil // a filter's error, in words of its code: podfit says nothing
	}
	diagnosis.PostFilterMsg = status.Message()
	return nil
}

// preemptionDifference compares podfit's candidate, where it gives one, with those of kube-scheduler.
func preemptionDifference(real *Answer, podfit *PeerAnswer) []string {
	switch {
	case real.Candidates == nil || podfit.Verdict == "unknown" || podfit.Verdict == "notJudged":
		return nil
	case compact(podfit.Preemption) != compact(podfit.Explained.Preemption) || podfit.PostFilter != podfit.Explained.PostFilter:
		return []string{fmt.Sprintf("podfit disagrees with itself: remembered %s, explained %s", compact(podfit.PeerJudgement), compact(podfit.Explained.PeerJudgement))}
	case podfit.Preemption == nil && len(real.Candidates) == 0:
		if got := strings.TrimSpace(podfit.Message + " " + podfit.PostFilter); got != real.FullMessage {
			return []string{fmt.Sprintf("with preemption '%s', expected '%s'", got, real.FullMessage)}
		}
		return nil
	case podfit.Preemption == nil:
		return []string{fmt.Sprintf("no preemption, kube-scheduler's candidates: %s", compact(real.Candidates))}
	}
	got := *podfit.Preemption
	sort.Strings(got.Victims)
	for _, c := range real.Candidates {
		if c.Node == got.Node && slices.Equal(c.Victims, got.Victims) {
			return nil
		}
	}
	return []string{fmt.Sprintf("preemption %s, kube-scheduler's candidates: %s", compact(got), compact(real.Candidates))}
}
