package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// peer is the process that answers for podfit: a case a line.
type peer struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// PeerJudgement is pf_judgement.
type PeerJudgement struct {
	Verdict string `json:"verdict"`
	Message string `json:"message"`
	Cause   string `json:"cause"`
	Fit     int    `json:"fit"`
	Total   int    `json:"total"`
	Place   string `json:"place"`
	// what PostFilter adds, and whom it evicts
	PostFilter string     `json:"postFilter"`
	Preemption *Candidate `json:"preemption"`
}

// PeerAnswer is the remembered answer and, in Explained, the one found node by node.
type PeerAnswer struct {
	PeerJudgement
	Scores    map[string]map[string]int64 `json:"scores"` // weighted, by node and plug-in
	Explained struct {
		PeerJudgement
		Nodes []struct {
			NodeAnswer
			Name  string `json:"name"`
			Could bool   `json:"could"`
		} `json:"nodes"`
	} `json:"explained"`
}

type peerReply struct {
	Error   string       `json:"error"`
	Answers []PeerAnswer `json:"answers"`
}

func startPeer(path string) (*peer, error) {
	p := &peer{cmd: exec.Command(path)}
	p.cmd.Stderr = os.Stderr
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReaderSize(out, 1<<20)
	return p, p.cmd.Start()
}

func (p *peer) stop() error {
	p.in.Close()
	return p.cmd.Wait()
}

func list(objects []M) M {
	if objects == nil {
		objects = []M{}
	}
	return M{"apiVersion": "v1", "kind": "List", "items": objects}
}

func gateMap(text string) map[string]bool {
	gates := map[string]bool{}
	for _, pair := range strings.Split(text, ",") {
		if name, value, ok := strings.Cut(pair, "="); ok {
			gates[name] = value == "true"
		}
	}
	return gates
}

// request is the line that the peer reads.
func request(c *Case, objects []M) ([]byte, error) {
	var steps []M
	for _, s := range c.steps() {
		switch {
		case s.Pod != nil:
			steps = append(steps, M{"pod": s.Pod})
		case s.Apply != nil:
			steps = append(steps, M{"apply": list([]M{s.Apply})})
		default:
			steps = append(steps, M{"delete": s.Delete})
		}
	}
	line := M{"minor": 36, "gates": gateMap(c.Gates), "objects": list(objects), "steps": steps}
	if scheduler := c.configuration(); scheduler != "" {
		line["scheduler"] = json.RawMessage(scheduler)
	}
	return json.Marshal(line)
}

// ask sends a case and waits for the answers, one for each pod.
func (p *peer) ask(line []byte) (*peerReply, error) {
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return nil, fmt.Errorf("podfit-oracle-peer is gone: %w", err)
	}
	text, err := p.out.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("podfit-oracle-peer is gone: %w", err)
	}
	reply := &peerReply{}
	return reply, json.Unmarshal(text, reply)
}
