package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
)

// Feature gates belong to a process, so that two clusters can only be compared at once by two processes: a worker plays some seeds (or the kept
// cases) with a peer of its own.

// chunk is what a worker does.
type chunk struct {
	seed, seeds int
	cases       string
}

// seedsMax of a worker: it builds frameworks for what the seeds have in common once.
const seedsMax = 5

func (o options) chunks() []chunk {
	var all []chunk
	if o.cases != "" {
		all = append(all, chunk{cases: o.cases})
	}
	each := max(1, min(seedsMax, o.seeds/(4*o.jobs)))
	for seed := o.seed; seed < o.seed+o.seeds; seed += each {
		all = append(all, chunk{seed: seed, seeds: min(each, o.seed+o.seeds-seed)})
	}
	return all
}

// pool hands out chunks until they are done or something is wrong.
type pool struct {
	sync.Mutex
	options options
	folder  string
	chunks  []chunk
	tally   tally
	err     error
}

func (p *pool) next() (chunk, bool) {
	p.Lock()
	defer p.Unlock()
	if len(p.chunks) == 0 || p.err != nil || p.tally.Mismatches >= mismatchesMax {
		return chunk{}, false
	}
	c := p.chunks[0]
	p.chunks = p.chunks[1:]
	return c, true
}

// workerArgs are the options as given, then those of the chunk: the last one counts.
func (p *pool) workerArgs(c chunk, tallyPath string) []string {
	var args []string
	flag.Visit(func(f *flag.Flag) {
		args = append(args, "--"+f.Name+"="+f.Value.String())
	})
	return append(args, "--tally="+tallyPath, "--cases="+c.cases, "--seed="+strconv.Itoa(c.seed), "--seeds="+strconv.Itoa(c.seeds))
}

func (p *pool) run(c chunk, name string) error {
	path := filepath.Join(p.folder, name)
	cmd := exec.Command(os.Args[0], p.workerArgs(c, path)...)
	out, err := cmd.CombinedOutput()
	p.Lock()
	defer p.Unlock()
	os.Stdout.Write(out)
	if err != nil {
		return fmt.Errorf("the worker for %d seeds from %d: %w", c.seeds, c.seed, err)
	}
	t, err := readTally(path)
	if err == nil {
		p.tally.add(t)
	}
	return err
}

func (p *pool) work(worker int) {
	for i := 0; ; i++ {
		c, ok := p.next()
		if !ok {
			return
		}
		if err := p.run(c, fmt.Sprintf("%d-%d", worker, i)); err != nil {
			p.Lock()
			p.err = err
			p.Unlock()
		}
	}
}

// runParallel plays all seeds in o.jobs processes at a time.
func runParallel(o options) (*tally, error) {
	folder, err := os.MkdirTemp("", "podfit-oracle-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	p := &pool{options: o, folder: folder, chunks: o.chunks(), tally: newTally()}
	var workers sync.WaitGroup
	for i := 0; i < o.jobs; i++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			p.work(i)
		}()
	}
	workers.Wait()
	return &p.tally, p.err
}
