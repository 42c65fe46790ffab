package main

import (
	"context"
	"fmt"
	"reflect"
	"sort"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	resourcev1 "k8s.io/api/resource/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"
	"k8s.io/dynamic-resource-allocation/deviceclass/extendedresourcecache"
	resourceslicetracker "k8s.io/dynamic-resource-allocation/resourceslice/tracker"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	schedulerapi "k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/scheme"
	schedcache "k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/defaultpreemption"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/dynamicresources"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/nodevolumelimits"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
	"k8s.io/kubernetes/pkg/scheduler/util/assumecache"
)

// scheduler is kube-scheduler's framework with the default profile. Its informers are never started: their stores are filled directly, so
// one framework serves thousands of clusters.
type scheduler struct {
	framework framework.Framework
	factory   informers.SharedInformerFactory
	classes   *extendedresourcecache.ExtendedResourceCache
	held      []any // device classes the cache was told of
	switchable
	nominated  map[string][]fwk.PodInfo
	waiting    bool // a pod waits without a nomination to a node that exists
	preemption *defaultpreemption.DefaultPreemption
	evict      bool                       // find out about preemption, too
	decoded    map[uintptr]runtime.Object // of the case that is played, by the address of their JSON: most stay as they are from step to step
}

// switchable is a lister whose snapshot can be exchanged.
type switchable struct{ *schedcache.Snapshot }

// config is what a scheduler is built with; schedulers are kept by it.
type config struct {
	gates     string // Name=true,Name=false
	scheduler string // KubeSchedulerConfiguration as JSON; empty: every default
}

func (s *scheduler) AddNominatedPod(klog.Logger, fwk.PodInfo, *fwk.NominatingInfo) {}
func (s *scheduler) DeleteNominatedPodIfExists(*v1.Pod)                            {}
func (s *scheduler) UpdateNominatedPod(klog.Logger, *v1.Pod, fwk.PodInfo)          {}
func (s *scheduler) NominatedPodsForNode(node string) []fwk.PodInfo                { return s.nominated[node] }

func profileFor(c config) (*schedulerapi.KubeSchedulerProfile, error) {
	text := c.scheduler
	if text == "" {
		text = `{"apiVersion":"kubescheduler.config.k8s.io/v1","kind":"KubeSchedulerConfiguration"}`
	}
	object, _, err := scheme.Codecs.UniversalDecoder().Decode([]byte(text), nil, nil)
	if err != nil {
		return nil, err
	}
	cfg, ok := object.(*schedulerapi.KubeSchedulerConfiguration)
	if !ok || len(cfg.Profiles) != 1 {
		return nil, fmt.Errorf("not a KubeSchedulerConfiguration with one profile: %s", text)
	}
	return &cfg.Profiles[0], nil
}

func newScheduler(ctx context.Context, c config) (*scheduler, error) {
	profile, err := profileFor(c)
	if err != nil {
		return nil, err
	}
	metrics.Register()
	client := fake.NewClientset()
	s := &scheduler{factory: informers.NewSharedInformerFactory(client, 0)}
	s.Snapshot = schedcache.NewEmptySnapshot()
	logger := klog.FromContext(ctx)
	claims := assumecache.NewAssumeCache(logger, s.factory.Resource().V1().ResourceClaims().Informer(), "ResourceClaim", "", nil)
	slices, err := resourceslicetracker.StartTracker(ctx, resourceslicetracker.Options{
		SliceInformer: s.factory.Resource().V1().ResourceSlices(), KubeClient: client})
	if err != nil {
		return nil, err
	}
	dra := dynamicresources.NewDRAManager(ctx, claims, slices, s.factory)
	s.classes, _ = dra.DeviceClassResolver().(*extendedresourcecache.ExtendedResourceCache)
	s.framework, err = frameworkruntime.NewFramework(ctx, plugins.NewInTreeRegistry(), profile,
		frameworkruntime.WithClientSet(client),
		frameworkruntime.WithInformerFactory(s.factory),
		frameworkruntime.WithSharedDRAManager(dra),
		frameworkruntime.WithSharedCSIManager(nodevolumelimits.NewCSIManager(s.factory.Storage().V1().CSINodes().Lister())),
		frameworkruntime.WithSnapshotSharedLister(&s.switchable),
		frameworkruntime.WithPodNominator(s),
		frameworkruntime.WithParallelism(1),
		frameworkruntime.WithMetricsRecorder(metrics.NewMetricsAsyncRecorder(1000, time.Hour, ctx.Done())),
		frameworkruntime.WithWaitingPods(frameworkruntime.NewWaitingPodsMap()),
		frameworkruntime.WithPodsInPreBind(frameworkruntime.NewPodsInPreBindMap()))
	if err != nil {
		return nil, err
	}
	s.preemption, err = newPreemption(ctx, profile, s.framework)
	return s, err
}

// store returns where the listers of a kind read.
func (s *scheduler) store(kind string) (cache.Indexer, runtime.Object) {
	core, storage := s.factory.Core().V1(), s.factory.Storage().V1()
	switch kind {
	case "Namespace":
		return core.Namespaces().Informer().GetIndexer(), &v1.Namespace{}
	case "PersistentVolumeClaim":
		return core.PersistentVolumeClaims().Informer().GetIndexer(), &v1.PersistentVolumeClaim{}
	case "PersistentVolume":
		return core.PersistentVolumes().Informer().GetIndexer(), &v1.PersistentVolume{}
	case "Service":
		return core.Services().Informer().GetIndexer(), &v1.Service{}
	case "ReplicationController":
		return core.ReplicationControllers().Informer().GetIndexer(), &v1.ReplicationController{}
	case "ReplicaSet":
		return s.factory.Apps().V1().ReplicaSets().Informer().GetIndexer(), &appsv1.ReplicaSet{}
	case "StatefulSet":
		return s.factory.Apps().V1().StatefulSets().Informer().GetIndexer(), &appsv1.StatefulSet{}
	case "StorageClass":
		return storage.StorageClasses().Informer().GetIndexer(), &storagev1.StorageClass{}
	case "CSINode":
		return storage.CSINodes().Informer().GetIndexer(), &storagev1.CSINode{}
	case "CSIDriver":
		return storage.CSIDrivers().Informer().GetIndexer(), &storagev1.CSIDriver{}
	case "CSIStorageCapacity":
		return storage.CSIStorageCapacities().Informer().GetIndexer(), &storagev1.CSIStorageCapacity{}
	case "VolumeAttachment":
		return storage.VolumeAttachments().Informer().GetIndexer(), &storagev1.VolumeAttachment{}
	case "DeviceClass":
		return s.factory.Resource().V1().DeviceClasses().Informer().GetIndexer(), &resourcev1.DeviceClass{}
	case "PodDisruptionBudget":
		return s.factory.Policy().V1().PodDisruptionBudgets().Informer().GetIndexer(), &policyv1.PodDisruptionBudget{}
	}
	return nil, nil
}

var storeKinds = []string{"Namespace", "PersistentVolumeClaim", "PersistentVolume", "Service", "ReplicationController", "ReplicaSet", "StatefulSet", "StorageClass", "CSINode", "CSIDriver",
	"CSIStorageCapacity", "VolumeAttachment", "DeviceClass", "PodDisruptionBudget"}

// decodeOnce gives what make made of an object of the case the first time.
func (s *scheduler) decodeOnce(o M, make func() (runtime.Object, error)) (runtime.Object, error) {
	address := reflect.ValueOf(o).Pointer()
	if object := s.decoded[address]; object != nil {
		return object, nil
	}
	object, err := make()
	if err == nil && s.decoded != nil {
		s.decoded[address] = object
	}
	return object, err
}

func (s *scheduler) fillStores(objects []M) error {
	found := map[string][]any{}
	for _, o := range objects {
		kind := str(o, "kind")
		if kind == "Node" || kind == "Pod" {
			continue
		}
		object, err := s.decodeOnce(o, func() (runtime.Object, error) {
			_, empty := s.store(kind)
			if empty == nil {
				return nil, fmt.Errorf("kind '%s' is not known", kind)
			}
			return empty, decode(o, empty)
		})
		if err != nil {
			return err
		}
		found[kind] = append(found[kind], object)
	}
	for _, kind := range storeKinds {
		indexer, _ := s.store(kind)
		if len(found[kind]) == 0 && len(indexer.ListKeys()) == 0 {
			continue
		}
		if err := indexer.Replace(found[kind], ""); err != nil {
			return err
		}
	}
	if s.classes != nil {
		for _, old := range s.held {
			s.classes.OnDelete(old)
		}
		s.held = found["DeviceClass"]
		for _, class := range s.held {
			s.classes.OnAdd(class, true)
		}
	}
	return nil
}

// load makes the cluster of the objects current, as the informers would: terminal pods and pods on nodes that do not exist count nowhere.
func (s *scheduler) load(objects []M) error {
	if err := s.fillStores(objects); err != nil {
		return err
	}
	var nodes []*v1.Node
	var pods []*v1.Pod
	known := map[string]bool{}
	s.nominated = map[string][]fwk.PodInfo{}
	s.waiting = false
	for _, o := range objects {
		if str(o, "kind") == "Node" {
			object, err := s.decodeOnce(o, func() (runtime.Object, error) { return storedNode(o) })
			if err != nil {
				return err
			}
			node := object.(*v1.Node)
			known[node.Name] = true
			nodes = append(nodes, node)
		}
	}
	for _, o := range objects {
		if str(o, "kind") != "Pod" {
			continue
		}
		object, err := s.decodeOnce(o, func() (runtime.Object, error) { return storedPod(o) })
		if err != nil {
			return err
		}
		pod := object.(*v1.Pod)
		if pod.Status.Phase == v1.PodSucceeded || pod.Status.Phase == v1.PodFailed {
			continue
		}
		if isIdle(pod) {
			continue
		}
		if node := pod.Status.NominatedNodeName; pod.Spec.NodeName == "" && node != "" {
			info, err := framework.NewPodInfo(pod)
			if err != nil {
				return err
			}
			s.nominated[node] = append(s.nominated[node], info)
			s.waiting = s.waiting || !known[node]
		} else if pod.Spec.NodeName == "" {
			s.waiting = true
		} else if known[pod.Spec.NodeName] {
			pods = append(pods, pod)
		}
	}
	s.Snapshot = schedcache.NewSnapshot(pods, nodes)
	return nil
}

// isIdle: will kube-scheduler not look for a node, so that nobody holds room for the pod? A nomination is heeded as long as the pod is queued.
func isIdle(pod *v1.Pod) bool {
	return pod.Spec.NodeName == "" && (len(pod.Spec.SchedulingGates) != 0 || pod.Spec.SchedulerName != v1.DefaultSchedulerName ||
		pod.DeletionTimestamp != nil && pod.Status.NominatedNodeName == "")
}

// NodeAnswer is what a node's filters said.
type NodeAnswer struct {
	Fits    bool     `json:"fits"`
	Plugin  string   `json:"plugin"`
	Code    string   `json:"code"`
	Reasons []string `json:"reasons"`
}

// Answer is kube-scheduler's verdict on one pod.
type Answer struct {
	Refused   string                // the API server would refuse the pod, and why
	NotJudged string                // kube-scheduler would not look for a node, and why
	Failed    string                // the attempt ends in an error, not in a verdict
	Nodes     map[string]NodeAnswer // by name
	Fits      int
	Message   string                      // when nothing fits
	Places    []string                    // nodes with the highest score
	Scores    map[string]int64            // of the nodes that fit, when there are several
	Plugins   map[string]map[string]int64 // their weighted scores by plug-in
	// when preemption was asked for and nothing fits: nodes to evict pods from, never nil then
	Candidates  []Candidate
	FullMessage string // with what PostFilter adds
	// the dry run of preemption ended in an error
	dryRunFailed bool
}

func codeName(code fwk.Code) string {
	return code.String()
}

func (s *scheduler) preEnqueue(ctx context.Context, pod *v1.Pod) string {
	for _, p := range s.framework.PreEnqueuePlugins() {
		if status := p.PreEnqueue(ctx, pod); !status.IsSuccess() {
			return status.Message()
		}
	}
	return ""
}

func notJudged(pod *v1.Pod) string {
	switch {
	case pod.Spec.NodeName != "":
		return "nodeName"
	case pod.Spec.SchedulerName != "default-scheduler":
		return "schedulerName"
	case pod.DeletionTimestamp != nil:
		return "deleting"
	}
	return ""
}

// ask judges one pod, as schedulePod and findNodesThatFitPod do.
func (s *scheduler) ask(ctx context.Context, obj M) (*Answer, error) {
	answer := &Answer{Nodes: map[string]NodeAnswer{}}
	pod, err := createPod(obj)
	if pod == nil {
		return nil, err
	}
	if err != nil {
		answer.Refused = err.Error()
		return answer, nil
	}
	if s.waiting {
		// podfit holds room for it where it predicts it, kube-scheduler counts it nowhere
		answer.Refused = "a pod waits: not comparable"
		return answer, nil
	}
	if answer.NotJudged = notJudged(pod); answer.NotJudged != "" {
		return answer, nil
	}
	if answer.NotJudged = s.preEnqueue(ctx, pod); answer.NotJudged != "" {
		return answer, nil
	}
	return answer, s.filter(ctx, pod, answer)
}

func (s *scheduler) filter(ctx context.Context, pod *v1.Pod, answer *Answer) error {
	infos, err := s.Snapshot.NodeInfos().List()
	if err != nil {
		return err
	}
	if len(infos) == 0 {
		answer.Message = "no nodes available to schedule pods"
		return nil
	}
	state := framework.NewCycleState()
	diagnosis := framework.Diagnosis{NodeToStatus: framework.NewDefaultNodeToStatus()}
	narrowed, status, plugins := s.framework.RunPreFilterPlugins(ctx, state, pod)
	switch {
	case !status.IsSuccess() && !status.IsRejected():
		answer.Failed = status.Message()
		return nil
	case !status.IsSuccess():
		diagnosis.PreFilterMsg = status.Message()
		diagnosis.NodeToStatus.SetAbsentNodesStatus(status)
		for _, info := range infos {
			answer.Nodes[info.Node().Name] = nodeAnswer(status, status.Plugin())
		}
	default:
		if !narrowed.AllNodes() {
			diagnosis.NodeToStatus.SetAbsentNodesStatus(fwk.NewStatus(fwk.UnschedulableAndUnresolvable,
				fmt.Sprintf("node(s) didn't satisfy plugin(s) %v", sets.List(plugins))))
		}
		s.filterNodes(ctx, pod, infos, state, narrowed, &diagnosis, answer)
	}
	if answer.Fits == 0 && answer.Failed == "" {
		answer.Message = (&framework.FitError{Pod: pod, NumAllNodes: len(infos), Diagnosis: diagnosis}).Error()
		answer.FullMessage = answer.Message
		if s.evict && s.preemption == nil {
			answer.Candidates = []Candidate{}
		} else if s.evict {
			if err := s.preempt(ctx, pod, state, &diagnosis, answer); err != nil {
				return err
			}
			answer.FullMessage = (&framework.FitError{Pod: pod, NumAllNodes: len(infos), Diagnosis: diagnosis}).Error()
		}
	}
	return nil
}

func nodeAnswer(status *fwk.Status, plugin string) NodeAnswer {
	reasons := append([]string{}, status.Reasons()...)
	sort.Strings(reasons)
	return NodeAnswer{Fits: status.IsSuccess(), Plugin: plugin, Code: codeName(status.Code()), Reasons: reasons}
}

func (s *scheduler) filterNodes(ctx context.Context, pod *v1.Pod, infos []fwk.NodeInfo, state fwk.CycleState,
	narrowed *fwk.PreFilterResult, diagnosis *framework.Diagnosis, answer *Answer) {
	var feasible []fwk.NodeInfo
	for _, info := range infos {
		name := info.Node().Name
		if !narrowed.AllNodes() && !narrowed.NodeNames.Has(name) {
			answer.Nodes[name] = nodeAnswer(diagnosis.NodeToStatus.AbsentNodesStatus(), "prefilter")
			continue
		}
		status := s.framework.RunFilterPluginsWithNominatedPods(ctx, state, pod, info)
		switch {
		case status.IsSuccess():
			answer.Nodes[name] = NodeAnswer{Fits: true, Code: "Success"}
			answer.Fits++
			feasible = append(feasible, info)
		case status.IsRejected():
			answer.Nodes[name] = nodeAnswer(status, status.Plugin())
			diagnosis.NodeToStatus.Set(name, status)
		default:
			answer.Failed = status.Message()
			return
		}
	}
	s.place(ctx, pod, state, feasible, answer)
}

// place finds the nodes among which kube-scheduler would choose.
func (s *scheduler) place(ctx context.Context, pod *v1.Pod, state fwk.CycleState, feasible []fwk.NodeInfo, answer *Answer) {
	if len(feasible) == 1 {
		answer.Places = []string{feasible[0].Node().Name}
	}
	if len(feasible) < 2 {
		return
	}
	if status := s.framework.RunPreScorePlugins(ctx, state, pod, feasible); !status.IsSuccess() {
		answer.Failed = status.Message()
		return
	}
	scores, status := s.framework.RunScorePlugins(ctx, state, pod, feasible)
	if !status.IsSuccess() {
		answer.Failed = status.Message()
		return
	}
	answer.Scores, answer.Plugins = map[string]int64{}, map[string]map[string]int64{}
	best := int64(-1)
	for _, score := range scores {
		answer.Scores[score.Name], answer.Plugins[score.Name] = score.TotalScore, map[string]int64{}
		for _, p := range score.Scores {
			answer.Plugins[score.Name][p.Name] = p.Score
		}
		if score.TotalScore > best {
			best, answer.Places = score.TotalScore, nil
		}
		if score.TotalScore == best {
			answer.Places = append(answer.Places, score.Name)
		}
	}
	sort.Strings(answer.Places)
}
