// Command oracle compares podfit with kube-scheduler itself on random clusters; README.md tells how.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"k8s.io/klog/v2"
)

type options struct {
	seed, count, seeds int
	number             int
	peer, cases, out   string
	without            string
	tally              string
	jobs               int
	noUnknown, places  bool
	preemption         bool
	allReasons         bool
	verbose            bool
	convert            string
	bench              string
}

func parseOptions() options {
	var o options
	flag.IntVar(&o.seed, "seed", 1, "first seed")
	flag.IntVar(&o.seeds, "seeds", 1, "number of seeds")
	flag.IntVar(&o.count, "count", 1000, "clusters a seed")
	flag.IntVar(&o.number, "case", 0, "number of the first cluster of each seed, 'seed 3 case 40' in the name of a difference: --seed 3 --case 40 --count 1 plays it alone")
	flag.StringVar(&o.peer, "peer", "", "podfit-oracle-peer")
	flag.StringVar(&o.cases, "cases", "", "files of cases replayed first (JSON lines), separated by commas")
	flag.StringVar(&o.out, "out", "", "file that receives shrunk mismatches")
	flag.StringVar(&o.without, "without", "", "features to leave out, separated by commas: "+featureNames())
	flag.StringVar(&o.tally, "tally", "", "be a worker: play the clusters in this process and write the figures to this file")
	flag.IntVar(&o.jobs, "jobs", 2, "processes at a time")
	flag.BoolVar(&o.noUnknown, "no-unknown", false, "podfit's answer 'unknown' is a difference")
	flag.BoolVar(&o.places, "places", true, "scores must be the same, and the node a pod is predicted to land on one with the highest")
	flag.BoolVar(&o.preemption, "preemption", true, "compare whom a pod that fits nowhere would evict")
	flag.BoolVar(&o.allReasons, "all-reasons", true, "fail when a reason of the list was never met")
	flag.BoolVar(&o.verbose, "v", false, "print each case's name")
	flag.StringVar(&o.convert, "answer", "", "print kube-scheduler's answers to the cases of this file, ask nobody else")
	flag.StringVar(&o.bench, "bench", "", "print kube-scheduler's times on the clusters of bench/bench_cluster.c with these numbers of nodes, separated by commas; ask nobody else")
	flag.Parse()
	return o
}

func main() {
	klog.SetOutput(io.Discard)
	klog.LogToStderr(false)
	o := parseOptions()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	if o.convert != "" {
		return printAnswers(o.convert)
	}
	if o.bench != "" {
		return bench(o.bench)
	}
	without, err := parseFeatures(o.without)
	if err != nil {
		return err
	}
	if o.tally != "" {
		return work(o, without)
	}
	start := time.Now()
	t, err := runParallel(o)
	if err != nil {
		return err
	}
	return t.report(o, without, time.Since(start))
}

// work is what a worker does: the kept cases, then its seeds.
func work(o options, without map[string]bool) error {
	h, err := newHarness(o)
	if err != nil {
		return err
	}
	defer h.close()
	h.without = without
	for _, path := range strings.Split(o.cases, ",") {
		if path == "" {
			continue
		}
		if err := h.replay(path); err != nil {
			return err
		}
	}
	for seed := o.seed; seed < o.seed+o.seeds; seed++ {
		for i := o.number; i < o.number+o.count && h.tally.Mismatches < mismatchesMax; i++ {
			c := generate(int64(seed), int64(i), without)
			if o.verbose {
				fmt.Println(c.Name)
			}
			if err := h.compare(c); err != nil {
				return fmt.Errorf("%s: %w", c.Name, err)
			}
		}
	}
	return h.tally.write(o.tally)
}
