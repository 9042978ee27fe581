// Package proc starts the processes of a test cluster by name, and sees to it that each of them ends.
package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A Spec is a process to be.
type Spec struct {
	Name     string   // in log files and in Stop
	Args     []string // the program first
	Hostname string   // its own, in a UTS namespace; "" for the machine's
	Env      []string // in addition to the harness's
	// Clone has further namespaces (CLONE_NEW…) for the process.
	Clone uintptr
}

// A Group is the processes of one cluster. Their output goes to NAME.log in Dir.
type Group struct {
	Dir string

	mu    sync.Mutex
	order []string
	procs map[string]*process
}

type process struct {
	spec Spec
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // of Wait, once done
}

// patience is how long a process may take to end before it is killed.
const patience = 10 * time.Second

// Start starts a process. A name that is taken by a process that has ended is free again.
func (g *Group) Start(s Spec) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p := g.procs[s.Name]; p != nil && !p.ended() {
		return fmt.Errorf("start %s: it runs already", s.Name)
	}
	log, err := os.OpenFile(g.Log(s.Name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the process has its own copy
	args := s.Args
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Cloneflags: s.Clone}
	if s.Hostname != "" {
		// Instances on one machine would otherwise share a host name, and so an identity Lease.
		attr.Cloneflags |= syscall.CLONE_NEWUTS
		args = append([]string{"/bin/sh", "-c", `echo "$0" >/proc/sys/kernel/hostname && exec "$@"`, s.Hostname}, args...)
	}
	// It outlives whatever its start was part of: Stop and Kill end it, no context does.
	cmd := exec.CommandContext(context.Background(), args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = log, log, attr
	cmd.Env = append(os.Environ(), s.Env...)
	if err := launch(cmd); err != nil {
		return fmt.Errorf("start %s: %w", s.Name, err)
	}
	p := &process{spec: s, cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	if g.procs == nil {
		g.procs = map[string]*process{}
	}
	if g.procs[s.Name] == nil {
		g.order = append(g.order, s.Name)
	}
	g.procs[s.Name] = p
	return nil
}

// Restart starts a process that was stopped, as it was; edit may change how.
func (g *Group) Restart(name string, edit func(*Spec)) error {
	g.mu.Lock()
	p := g.procs[name]
	g.mu.Unlock()
	if p == nil {
		return fmt.Errorf("restart %s: it was never started", name)
	}
	s := p.spec
	s.Args = append([]string(nil), s.Args...)
	if edit != nil {
		edit(&s)
	}
	return g.Start(s)
}

// Args are the arguments of a process, the program first; nil if there is none of that name.
func (g *Group) Args(name string) []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p := g.procs[name]; p != nil {
		return p.spec.Args
	}
	return nil
}

// PID is the process id, 0 if it does not run.
func (g *Group) PID(name string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p := g.procs[name]; p != nil && !p.ended() {
		return p.cmd.Process.Pid
	}
	return 0
}

// Ended tells how a process that should run has ended; nil while it runs.
func (g *Group) Ended(name string) error {
	g.mu.Lock()
	p := g.procs[name]
	g.mu.Unlock()
	switch {
	case p == nil:
		return fmt.Errorf("%s was never started", name)
	case !p.ended():
		return nil
	case p.err != nil:
		return fmt.Errorf("%s ended: %w\n%s", name, p.err, g.Tail(name, 15))
	}
	return fmt.Errorf("%s ended\n%s", name, g.Tail(name, 15))
}

// Stop ends a process: politely, then not. One that does not run is no error.
func (g *Group) Stop(name string) { g.end(name, syscall.SIGTERM) }

// Kill ends a process as a power cut would.
func (g *Group) Kill(name string) { g.end(name, syscall.SIGKILL) }

func (g *Group) end(name string, sig syscall.Signal) {
	g.mu.Lock()
	p := g.procs[name]
	g.mu.Unlock()
	if p == nil || p.ended() {
		return
	}
	// To the group and to children in other groups: nsenter, which forks, does not pass signals on.
	signalTree(p.cmd.Process.Pid, sig)
	select {
	case <-p.done:
	case <-time.After(patience):
		signalTree(p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
	}
}

// KillAll ends all processes, the last one first, with no time to say goodbye.
func (g *Group) KillAll() {
	g.mu.Lock()
	order := append([]string(nil), g.order...)
	g.mu.Unlock()
	for _, name := range slices.Backward(order) {
		g.Kill(name)
	}
}

// Running lists the processes that run.
func (g *Group) Running() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var names []string
	for _, n := range g.order {
		if !g.procs[n].ended() {
			names = append(names, n)
		}
	}
	return names
}

// Log is the file that a process writes its output to.
func (g *Group) Log(name string) string { return filepath.Join(g.Dir, name+".log") }

// Tail returns the last lines of a process's output.
func (g *Group) Tail(name string, lines int) string {
	b, err := os.ReadFile(g.Log(name))
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func signalTree(pid int, sig syscall.Signal) {
	for _, c := range Children(pid) {
		signalTree(c, sig)
	}
	// A process that is gone already is what was wanted.
	if err := syscall.Kill(-pid, sig); errors.Is(err, syscall.ESRCH) {
		_ = syscall.Kill(pid, sig)
	}
}

// Children are the child processes of a process.
func Children(pid int) []int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	var out []int
	for f := range strings.FieldsSeq(string(b)) {
		if n, err := strconv.Atoi(f); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// Tree is a process and all that descend from it.
func Tree(pid int) []int {
	all := []int{pid}
	for _, c := range Children(pid) {
		all = append(all, Tree(c)...)
	}
	return all
}

// launch starts a command from a thread that never ends: the kernel sends the death signal of
// a child when the thread that started it goes, not the process.
func launch(cmd *exec.Cmd) error {
	launcher.Do(func() {
		go func() {
			runtime.LockOSThread()
			for l := range launches {
				l.err <- l.cmd.Start()
			}
		}()
	})
	l := launching{cmd, make(chan error)}
	launches <- l
	return <-l.err
}

type launching struct {
	cmd *exec.Cmd
	err chan error
}

var (
	launcher sync.Once
	launches = make(chan launching)
)

// Alive reports whether a process of that id exists and has not ended.
func Alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	// The state follows the name, which is in parentheses and may hold any character.
	_, rest, ok := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')'):]), " ")
	return ok && rest[0] != 'Z'
}
