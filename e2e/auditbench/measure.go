package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// A tool answers the question about a log.
type tool struct {
	name  string
	cores []int
	args  []string // the log's name is added
	parse func([]byte) (answer, error)
}

// A sample is the best of a tool's runs on so many cores.
type sample struct {
	tool      string
	cores     int
	wall, cpu time.Duration
	memory    int64 // bytes at most, resident; at least those of this program, whose memory a new process begins with
	answer    answer
}

func toolsFor(kaudit, truth, only string, log io.Writer) ([]tool, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	both := []int{1, 2}
	if runtime.NumCPU() < 2 {
		both = both[:1]
	}
	tools := []tool{{"kaudit requests", both, []string{kaudit, "requests", "-o", "json"}, func(report []byte) (answer, error) {
		if truth != "" {
			if err := holdToTruth(report, truth); err != nil {
				return nil, err
			}
		}
		return parseReport(report)
	}}}
	for _, name := range []string{"encoding/json", "sonic", "fastjson"} {
		tools = append(tools, tool{name, both, []string{self, asFlag + name}, parseAnswer})
	}
	if jq, err := exec.LookPath("jq"); err == nil {
		tools = append(tools, tool{"jq", both[:1], []string{jq, "-nc", jqProgram}, parseAnswer})
	} else {
		fmt.Fprintln(log, "jq is not on PATH (Debian package jq): left out")
	}
	if only != "" {
		tools = slices.DeleteFunc(tools, func(t tool) bool { return !slices.Contains(strings.Split(only, ","), strings.Fields(t.name)[0]) })
	}
	return tools, nil
}

// measureAll runs each tool, and fails where one has another answer than the first.
func measureAll(ctx context.Context, tools []tool, path string, runs int, log io.Writer) ([]sample, error) {
	var all []sample
	for _, t := range tools {
		for _, cores := range t.cores {
			best := sample{tool: t.name, cores: cores}
			for range runs {
				s, err := measure(ctx, t, cores, path)
				if err != nil {
					return nil, err
				}
				if best.answer == nil {
					best = s
				}
				best.wall, best.cpu, best.memory = min(best.wall, s.wall), min(best.cpu, s.cpu), max(best.memory, s.memory)
			}
			fmt.Fprintf(log, "%s on %d: %s\n", t.name, cores, best.wall.Round(time.Millisecond))
			all = append(all, best)
			if d := all[0].answer.diff(best.answer); d != "" {
				return nil, fmt.Errorf("%s and %s answer differently: %s", all[0].tool, t.name, d)
			}
		}
	}
	return all, nil
}

func measure(ctx context.Context, t tool, cores int, path string) (sample, error) {
	args := append(slices.Clone(t.args), path)
	if taskset, err := exec.LookPath("taskset"); err == nil {
		args = append([]string{taskset, "-c", "0-" + fmt.Sprint(cores-1)}, args...)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", cores))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return sample{}, fmt.Errorf("%s: %w\n%s", t.name, err, errs.Bytes())
	}
	s := sample{tool: t.name, cores: cores, wall: time.Since(began), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if use, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.memory = use.Maxrss << 10
	}
	var err error
	if s.answer, err = t.parse(out.Bytes()); err != nil {
		return sample{}, fmt.Errorf("%s: %w", t.name, err)
	}
	return s, nil
}

func table(out io.Writer, samples []sample, size int64) error {
	fmt.Fprintf(out, "%d MB, LISTs with no resourceVersion by user agent and resource: all found the same %d in %d groups\n\n",
		size/1e6, samples[0].answer.total(), len(samples[0].answer))
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tcores\tMB/s\tMB per CPU second\twall\tCPU\tmemory\t")
	for _, s := range samples {
		fmt.Fprintf(t, "%s\t%d\t%.0f\t%.0f\t%s\t%s\t%d MB\t\n", s.tool, s.cores, float64(size)/1e6/s.wall.Seconds(), float64(size)/1e6/s.cpu.Seconds(),
			s.wall.Round(time.Millisecond), s.cpu.Round(time.Millisecond), s.memory/1e6)
	}
	return t.Flush()
}

// An answer counts LISTs with no resourceVersion.
type answer map[group]int64

type group struct{ agent, resource string }

func (a answer) total() (n int64) {
	for _, c := range a {
		n += c
	}
	return n
}

// diff is "" if both are the same, or else says where they differ.
func (a answer) diff(b answer) string {
	var groups []group
	for g := range a {
		groups = append(groups, g)
	}
	for g := range b {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(x, y group) int {
		return cmp.Or(cmp.Compare(x.agent, y.agent), cmp.Compare(x.resource, y.resource))
	})
	for _, g := range groups {
		if a[g] != b[g] {
			return fmt.Sprintf("%q of %q %d times, and %d times", g.resource, g.agent, a[g], b[g])
		}
	}
	return ""
}

// parseReport reads the answer out of a RequestReport of kaudit.
func parseReport(b []byte) (answer, error) {
	var report struct {
		Lists   struct{ Unset int64 }
		Clients []struct {
			Verb, UserAgent, Resource string
			Unset                     int64
		}
	}
	if err := json.Unmarshal(b, &report); err != nil {
		return nil, err
	}
	a := answer{}
	for _, c := range report.Clients {
		if c.Verb == "list" && c.Unset > 0 {
			a[group{c.UserAgent, c.Resource}] += c.Unset
		}
	}
	if a.total() != report.Lists.Unset {
		return nil, fmt.Errorf("%d of %d LISTs are those of clients that were not kept apart: measure a log with fewer", report.Lists.Unset-a.total(), report.Lists.Unset)
	}
	return a, nil
}

// parseAnswer reads what write wrote, and what jq writes.
func parseAnswer(b []byte) (answer, error) {
	var counts map[string]int64 // by a JSON array of two
	if err := json.Unmarshal(b, &counts); err != nil {
		return nil, err
	}
	a := answer{}
	for k, n := range counts {
		var g [2]string
		if err := json.Unmarshal([]byte(k), &g); err != nil {
			return nil, err
		}
		a[group{g[0], g[1]}] = n
	}
	return a, nil
}

func (a answer) write(w io.Writer) error {
	counts := map[string]int64{}
	for g, n := range a {
		k, err := json.Marshal([2]string{g.agent, g.resource})
		if err != nil {
			return err
		}
		counts[string(k)] = n
	}
	return json.NewEncoder(w).Encode(counts)
}
