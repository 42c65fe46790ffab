package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A difference is also written as a case folder, in the form of tests/cases: what `podfit check` needs to be run on it by hand, and what is expected.

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

func folderName(name string) string {
	return strings.Trim(notInNames.ReplaceAllString(strings.ToLower(name), "-"), "-")
}

// writeFolder writes the case below the folder and gives its path. Steps before the last pod are played into the cluster.
func (h *harness) writeFolder(parent string, c *Case, real *Answer) (string, error) {
	path := filepath.Join(parent, folderName(c.Name))
	if err := os.MkdirAll(path, 0o755); err != nil {
		return "", err
	}
	last := c
	if c.Steps != nil {
		last = h.merge(c, len(c.steps())-1)
	}
	files := map[string]any{"cluster.json": list(last.objects()), "review.json": review(last.Pod), "config.yaml": ourConfiguration(c),
		"expect.json": expectedReview(real), "scheduler-says.json": c.Expect}
	if scheduler := c.configuration(); scheduler != "" {
		files["scheduler.yaml"] = json.RawMessage(scheduler)
	}
	for name, content := range files {
		if err := writeJSON(filepath.Join(path, name), content); err != nil {
			return "", err
		}
	}
	return path, os.WriteFile(filepath.Join(path, "case.jsonl"), []byte(compact(c)+"\n"), 0o644)
}

// writeJSON writes what is YAML, too.
func writeJSON(path string, content any) error {
	text, err := json.MarshalIndent(content, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// review is what the API server sends for the pod.
func review(pod M) M {
	object := withKind("Pod", "v1", clone(pod))
	namespace := str(object, "metadata", "namespace")
	if namespace == "" {
		namespace = "default"
	}
	return M{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": M{
		"uid": "5f0e0b8a-1d6e-4f7e-9d5a-0000000000aa", "kind": M{"group": "", "version": "v1", "kind": "Pod"},
		"resource": M{"group": "", "version": "v1", "resource": "pods"}, "name": str(object, "metadata", "name"), "namespace": namespace,
		"operation": "CREATE", "userInfo": M{"username": "oracle"}, "object": object, "oldObject": nil, "dryRun": false,
		"options": M{"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}}}
}

// ourConfiguration makes podfit judge as the case does and nothing else.
func ourConfiguration(c *Case) M {
	fit := M{"kubernetesVersion": "1.36", "awaitedClaims": "misfit"}
	if c.Gates != "" {
		fit["featureGates"] = gateMap(c.Gates)
	}
	if c.configuration() != "" {
		fit["schedulerConfig"] = "scheduler.yaml"
	}
	return M{"apiVersion": "config.podfit.io/v1", "kind": "PodfitConfiguration", "fit": fit,
		"classes": A{M{"name": "all", "requests": "keep", "onFull": "reject", "onNever": "reject"}}}
}

// expectedReview is what kube-scheduler's answer decides of the webhook's: the rest (full or never, what binds) is podfit's own.
func expectedReview(real *Answer) M {
	response := M{"allowed": real == nil || real.Fits > 0 || len(real.Candidates) > 0 || real.Failed != "" || real.NotJudged != ""}
	if response["allowed"] == false {
		response["status"] = M{"status": "Failure", "reason": "Forbidden", "code": 403, "message": real.Message}
	}
	return M{"status": 200, "response": response}
}

// tellFolder says where a case is, and how podfit is run on it by hand.
func tellFolder(path string, steps int) {
	fmt.Printf("  case folder: %s\n  by hand: podfit check --snapshot %s/cluster.json --config %s/config.yaml -f %s/review.json --explain\n"+
		"  compared: tests/oracle/check_case PODFIT %s\n", path, path, path, path, path)
	if steps > 1 {
		fmt.Printf("  it may need its %d steps, one after the other: scripts/oracle --seeds 0 --cases %s/case.jsonl\n", steps, path)
	}
}
