package main

import (
	"context"
	"fmt"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	api "k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	corev1 "k8s.io/kubernetes/pkg/apis/core/v1"
	"k8s.io/kubernetes/pkg/apis/core/validation"
	podregistry "k8s.io/kubernetes/pkg/registry/core/pod"
)

// decode does as if the object came as JSON, without the text in between.
func decode(obj M, into any) error {
	return runtime.DefaultUnstructuredConverter.FromUnstructured(obj, into)
}

// wire is what the API server sends to kube-scheduler: protobuf, with quantities in their canonical spelling.
type wire interface {
	Marshal() ([]byte, error)
	Unmarshal([]byte) error
}

// send copies an object as the wire does. "1.5Gi" arrives as "1536Mi", which apimachinery holds as a plain integer.
func send(from, to wire) error {
	bytes, err := from.Marshal()
	if err != nil {
		return err
	}
	return to.Unmarshal(bytes)
}

// admit does what the API server does to a new pod before it is stored: defaulting, the strategy (merged label keys, dropped fields), validation.
// The error refused says that the server would not take it.
func admit(obj M) (internal *api.Pod, refused, err error) {
	pod := &v1.Pod{}
	if err := decode(obj, pod); err != nil {
		return nil, nil, err
	}
	if pod.Namespace == "" {
		pod.Namespace = "default"
	}
	corev1.SetObjectDefaults_Pod(pod)
	internal = &api.Pod{}
	if err := legacyscheme.Scheme.Convert(pod, internal, nil); err != nil {
		return nil, nil, err
	}
	podregistry.Strategy.PrepareForCreate(context.Background(), internal)
	if errs := podregistry.Strategy.Validate(context.Background(), internal); len(errs) != 0 {
		refused = errs.ToAggregate()
	}
	return internal, refused, nil
}

// validPod: would the API server accept it?
func validPod(obj M) bool {
	_, refused, err := admit(obj)
	return refused == nil && err == nil
}

// createPod gives a new pod as kube-scheduler gets to see it. The error says that the server would refuse it.
func createPod(obj M) (*v1.Pod, error) {
	internal, refused, err := admit(obj)
	if err != nil {
		return nil, err
	}
	stored, out := &v1.Pod{}, &v1.Pod{}
	if err := legacyscheme.Scheme.Convert(internal, stored, nil); err != nil {
		return nil, err
	}
	if err := send(stored, out); err != nil {
		return nil, err
	}
	if out.UID == "" {
		out.UID = types.UID("uid-pending-" + out.Namespace + "-" + out.Name)
	}
	if refused != nil {
		return out, refused
	}
	return out, nil
}

// storedPod is a pod as the API server gives it to watchers: defaulted, status included.
func storedPod(obj M) (*v1.Pod, error) {
	pod := &v1.Pod{}
	if err := decode(obj, pod); err != nil {
		return nil, err
	}
	if pod.Namespace == "" {
		pod.Namespace = "default"
	}
	corev1.SetObjectDefaults_Pod(pod)
	if pod.UID == "" {
		pod.UID = types.UID("uid-" + pod.Namespace + "-" + pod.Name)
	}
	out := &v1.Pod{}
	return out, send(pod, out)
}

func storedNode(obj M) (*v1.Node, error) {
	node := &v1.Node{}
	if err := decode(obj, node); err != nil {
		return nil, err
	}
	corev1.SetObjectDefaults_Node(node)
	out := &v1.Node{}
	return out, send(node, out)
}

// validNode: would the API server accept it?
func validNode(node *v1.Node) error {
	internal := &api.Node{}
	if err := legacyscheme.Scheme.Convert(node, internal, nil); err != nil {
		return err
	}
	if errs := validation.ValidateNode(internal); len(errs) != 0 {
		return fmt.Errorf("%v", errs)
	}
	return nil
}
