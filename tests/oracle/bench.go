package main

import (
	"context"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	fwk "k8s.io/kube-scheduler/framework"
	corev1 "k8s.io/kubernetes/pkg/apis/core/v1"
	schedcache "k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// The clusters and questions of bench/bench_cluster.c, asked of kube-scheduler itself: PreFilter and Filter, on one goroutine.

const (
	benchPods   = 150000
	benchLoners = 10000
	benchApps   = 200
	benchPool   = 500
	benchBudget = 3 * time.Second // of one question: no further round after it
	benchRounds = 200
)

type benchQuestion struct {
	what, app, cpu string
	edit           func(*v1.PodSpec, *metav1.LabelSelector)
}

func requireTerm(key string, selector *metav1.LabelSelector) []v1.PodAffinityTerm {
	return []v1.PodAffinityTerm{{TopologyKey: key, LabelSelector: selector}}
}

func anti(spec *v1.PodSpec, selector *metav1.LabelSelector) {
	spec.Affinity = &v1.Affinity{PodAntiAffinity: &v1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: requireTerm(v1.LabelHostname, selector)}}
}

func spread(key string) func(*v1.PodSpec, *metav1.LabelSelector) {
	return func(spec *v1.PodSpec, selector *metav1.LabelSelector) {
		spec.TopologySpreadConstraints = []v1.TopologySpreadConstraint{
			{MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: v1.DoNotSchedule, LabelSelector: selector}}
	}
}

func near(spec *v1.PodSpec, selector *metav1.LabelSelector) {
	spec.Affinity = &v1.Affinity{PodAffinity: &v1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: requireTerm(zoneKey, selector)}}
}

func nothing(*v1.PodSpec, *metav1.LabelSelector) {}

// Questions that only differ in scores or in preemption are not asked: neither is part of PreFilter and Filter.
var benchQuestions = []benchQuestion{
	{"plain", "plain", "50m", nothing},
	{"anti-affinity by hostname", "loner-0", "50m", anti},
	{"anti-affinity by hostname, first of its kind", "new", "50m", anti},
	{"kept away by others' anti-affinity", "loner-1", "50m", nothing},
	{"zone spread", "app-7", "50m", spread(zoneKey)},
	{"hostname spread", "app-8", "50m", spread(v1.LabelHostname)},
	{"zone affinity", "app-9", "50m", near},
	{"fits nowhere", "plain", "65", nothing},
}

func benchPod(app, cpu, memory string, edit func(*v1.PodSpec, *metav1.LabelSelector)) *v1.Pod {
	labels := map[string]string{"app": app}
	pod := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "apps", Labels: labels}}
	edit(&pod.Spec, &metav1.LabelSelector{MatchLabels: labels})
	pod.Spec.Containers = []v1.Container{{Name: "c", Resources: v1.ResourceRequirements{Requests: v1.ResourceList{
		v1.ResourceCPU: resource.MustParse(cpu), v1.ResourceMemory: resource.MustParse(memory)}}}}
	corev1.SetObjectDefaults_Pod(pod)
	return pod
}

// runningPods are made from a few templates, so that 150,000 of them fit into memory.
func runningPods(nodes int) []*v1.Pod {
	templates := map[string]*v1.Pod{}
	pods := make([]*v1.Pod, benchPods)
	for i := range pods {
		app, edit := "app-"+strconv.Itoa(i%benchApps), nothing
		if i < benchLoners {
			app, edit = "loner-"+strconv.Itoa(i/(benchLoners/4)), anti
		}
		if templates[app] == nil {
			templates[app] = benchPod(app, "1m", "4Mi", edit)
		}
		pod := *templates[app]
		pod.Name, pod.UID = "pod-"+strconv.Itoa(i), types.UID("uid-"+strconv.Itoa(i))
		pod.Spec.NodeName = "node-" + strconv.Itoa((i*7+i/nodes)%nodes)
		pods[i] = &pod
	}
	return pods
}

func benchNodes(count int) []*v1.Node {
	allocatable := v1.ResourceList{v1.ResourceCPU: resource.MustParse("64"), v1.ResourceMemory: resource.MustParse("256Gi"), v1.ResourcePods: resource.MustParse("4000")}
	nodes := make([]*v1.Node, count)
	for i := range nodes {
		name, pool := "node-"+strconv.Itoa(i), "large"
		if i < benchPool {
			pool = "small"
		}
		nodes[i] = &v1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{v1.LabelHostname: name, zoneKey: "z" + strconv.Itoa(i%3), "pool": pool}},
			Status:     v1.NodeStatus{Allocatable: allocatable, Capacity: allocatable}}
	}
	return nodes
}

// enough is how many feasible nodes end kube-scheduler's search (numFeasibleNodesToFind with percentageOfNodesToScore 0).
func enough(nodes int) int {
	if nodes < 100 {
		return nodes
	}
	share := max(50-nodes/125, 5)
	return max(nodes*share/100, 100)
}

// askOnce judges nodes until `limit` of them are feasible. It returns how many are.
func (s *scheduler) askOnce(ctx context.Context, pod *v1.Pod, infos []fwk.NodeInfo, limit int) (int, error) {
	state := framework.NewCycleState()
	_, status, _ := s.framework.RunPreFilterPlugins(ctx, state, pod)
	if !status.IsSuccess() && !status.IsRejected() {
		return 0, status.AsError()
	}
	fits := 0
	for _, info := range infos {
		if s.framework.RunFilterPluginsWithNominatedPods(ctx, state, pod, info).IsSuccess() {
			fits++
			if fits == limit {
				break
			}
		}
	}
	return fits, nil
}

// medianOf is the median time of one question in nanoseconds.
func (s *scheduler) medianOf(ctx context.Context, pod *v1.Pod, infos []fwk.NodeInfo, limit int) (int64, error) {
	var samples []int64
	for begin := time.Now(); len(samples) < benchRounds && time.Since(begin) < benchBudget; {
		start := time.Now()
		if _, err := s.askOnce(ctx, pod, infos, limit); err != nil {
			return 0, err
		}
		samples = append(samples, time.Since(start).Nanoseconds())
	}
	sort.Slice(samples, func(i, k int) bool { return samples[i] < samples[k] })
	return samples[len(samples)/2], nil
}

func benchCluster(ctx context.Context, s *scheduler, nodes int) error {
	s.Snapshot = schedcache.NewSnapshot(runningPods(nodes), benchNodes(nodes))
	infos, err := s.Snapshot.NodeInfos().List()
	if err != nil {
		return err
	}
	for _, q := range benchQuestions {
		pod := benchPod(q.app, q.cpu, "200Mi", q.edit)
		pod.UID = "uid-asked"
		all, err := s.medianOf(ctx, pod, infos, nodes)
		if err != nil {
			return fmt.Errorf("%s: %w", q.what, err)
		}
		sample, err := s.medianOf(ctx, pod, infos, enough(nodes))
		if err != nil {
			return fmt.Errorf("%s: %w", q.what, err)
		}
		fmt.Println("scheduler", nodes, all, sample, q.what)
	}
	return nil
}

// bench prints, for each question, the nanoseconds of PreFilter and Filter on all nodes, and until enough of them are found.
func bench(sizes string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s, err := newScheduler(ctx, config{})
	if err != nil {
		return err
	}
	for _, text := range strings.Split(sizes, ",") {
		nodes, err := strconv.Atoi(text)
		if err != nil || nodes < 1 || nodes > benchPods {
			return fmt.Errorf("nodes '%s' is not a number from 1 to %d", text, benchPods)
		}
		if err := benchCluster(ctx, s, nodes); err != nil {
			return err
		}
	}
	return nil
}
