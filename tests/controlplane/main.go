// controlplane is etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kubectl in one binary, for tests (README.md).
//
// usage: controlplane COMPONENT [OPTIONS OF THE COMPONENT...]; or run it under a component's name, as a symbolic link.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// components are constructors: only the command that was asked for may be built, because the API server's command installs the
// process's signal handler when it is built and a second one panics.
var components = map[string]func() *cobra.Command{
	"etcd":                    newEtcdCommand,
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllers.NewControllerManagerCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kubectl":                 func() *cobra.Command { return kubectl.NewDefaultKubectlCommand() },
}

func main() {
	name := filepath.Base(os.Args[0])
	if _, known := components[name]; !known && len(os.Args) > 1 {
		// kubectl reads os.Args itself when it looks for plug-ins, so the component becomes the program's name.
		name = os.Args[1]
		os.Args = append([]string{name}, os.Args[2:]...)
	}
	newCommand, known := components[name]
	if !known {
		fmt.Fprintf(os.Stderr, "controlplane: unknown component '%s'; one of %s\n", name, strings.Join(names(), ", "))
		os.Exit(2)
	}
	command := newCommand()
	if name == "kubectl" {
		// As kubectl's own main does it: errors are already printed.
		if err := cli.RunNoErrOutput(command); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(cli.Run(command))
}

func names() []string {
	all := make([]string, 0, len(components))
	for name := range components {
		all = append(all, name)
	}
	sort.Strings(all)
	return all
}
