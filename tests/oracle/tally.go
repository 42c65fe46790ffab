package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

// tally of a run; workers hand theirs to the run that started them.
type tally struct {
	Clusters, Pods, Nodes                 int
	Compared, Unknown, Refused, NotJudged int
	Failed, Preempting, Random            int
	PlaceSame, PlaceAsked                 int
	Scores                                int // node scores compared, one a plug-in
	Mismatches                            int
	Causes                                map[string]int
	Reasons                               map[reason]*reasonCount
	Refusals                              map[string]int
}

func newTally() tally {
	return tally{Causes: map[string]int{}, Reasons: map[reason]*reasonCount{}, Refusals: map[string]int{}}
}

// MarshalText makes a reason the key of a JSON object.
func (r reason) MarshalText() ([]byte, error) {
	return []byte(r.plugin + "\n" + r.code + "\n" + r.text), nil
}

func (r *reason) UnmarshalText(text []byte) error {
	parts := strings.SplitN(string(text), "\n", 3)
	if len(parts) != 3 {
		return fmt.Errorf("not a reason: %q", text)
	}
	r.plugin, r.code, r.text = parts[0], parts[1], parts[2]
	return nil
}

func (t *tally) add(other *tally) {
	sums := [][2]*int{
		{&t.Clusters, &other.Clusters}, {&t.Pods, &other.Pods}, {&t.Nodes, &other.Nodes}, {&t.Compared, &other.Compared}, {&t.Unknown, &other.Unknown},
		{&t.Refused, &other.Refused}, {&t.NotJudged, &other.NotJudged}, {&t.Failed, &other.Failed}, {&t.Preempting, &other.Preempting},
		{&t.Random, &other.Random}, {&t.PlaceSame, &other.PlaceSame}, {&t.PlaceAsked, &other.PlaceAsked}, {&t.Scores, &other.Scores},
		{&t.Mismatches, &other.Mismatches}}
	for _, sum := range sums {
		*sum[0] += *sum[1]
	}
	for cause, n := range other.Causes {
		t.Causes[cause] += n
	}
	for text, n := range other.Refusals {
		t.Refusals[text] += n
	}
	for r, n := range other.Reasons {
		if t.Reasons[r] == nil {
			t.Reasons[r] = &reasonCount{}
		}
		t.Reasons[r].Met += n.Met
		t.Reasons[r].Compared += n.Compared
	}
}

func (t *tally) write(path string) error {
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

func readTally(path string) (*tally, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t := newTally()
	return &t, json.Unmarshal(text, &t)
}

// report prints the table and the figures; the error says why the run failed.
func (t *tally) report(o options, without map[string]bool, took time.Duration) error {
	t.printReasons()
	for cause, n := range t.Causes {
		fmt.Printf("unknown %8d  %s\n", n, cause)
	}
	fmt.Printf("%d clusters in %.1f s: %d pods, %d compared (%d node verdicts), %d unknown, %d not judged, %d refused by the API server, %d errors of the scheduler; "+
		"%d scores; placement as predicted %d of %d; %d placed by preemption; %d random answers; %d differences\n", t.Clusters, took.Seconds(), t.Pods, t.Compared, t.Nodes,
		t.Unknown, t.NotJudged, t.Refused, t.Failed, t.Scores, t.PlaceSame, t.PlaceAsked, t.Preempting, t.Random, t.Mismatches)
	if o.verbose {
		for text, n := range t.Refusals {
			fmt.Printf("refused %8d  %s\n", n, text)
		}
	}
	if t.Mismatches != 0 {
		return fmt.Errorf("%d differences; shrunk cases are in %s", t.Mismatches, o.out)
	}
	if missing := t.missingReasons(without); o.allReasons && len(missing) != 0 {
		return fmt.Errorf("never met: %s", strings.Join(missing, "; "))
	}
	return nil
}
