package main

import (
	"fmt"
	"sort"
)

// replay compares the kept cases. What they expect is compared with kube-scheduler's answer, too, so that a wrong file is noticed.
func (h *harness) replay(path string) error {
	cases, err := readCases(path)
	if err != nil {
		return err
	}
	skipped := 0
	for _, c := range cases {
		if c.APIValid != nil && !*c.APIValid {
			skipped++
			continue
		}
		again := clone(c)
		h.describe(again)
		if _, ok := c.Expect.(M); ok && c.Steps == nil && expectation(c, c) != expectation(again, c) {
			return fmt.Errorf("%s: %s: expects %s, kube-scheduler says %s", path, c.Name, expectation(c, c), expectation(again, c))
		}
		// nominated pods, while podfit does not take them
		if len(c.Nominated) != 0 && h.without["nominated"] {
			skipped++
			continue
		}
		if err := h.compare(c); err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	fmt.Printf("%s: %d cases, %d not compared\n", path, len(cases), skipped)
	return nil
}

// expectation is what a case expects as a text that can be compared; only what like has is looked at.
func expectation(c, like *Case) string {
	expect := clone(c).Expect
	tree := asMap(expect)
	reasons, _ := tree["reasons"].(M)
	for _, list := range reasons {
		items, _ := list.(A)
		sort.Slice(items, func(a, b int) bool { return fmt.Sprint(items[a]) < fmt.Sprint(items[b]) })
	}
	if tree["message"] == "" {
		delete(tree, "message")
	}
	delete(tree, "scores_1.35")
	for k := range tree {
		if _, there := like.Expect.(M)[k]; !there {
			delete(tree, k)
		}
	}
	return compact(tree)
}
