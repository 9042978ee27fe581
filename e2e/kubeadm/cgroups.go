package kubeadm

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const cgroups = "/sys/fs/cgroup"

// cgroup is the node's own root, relative to each hierarchy. A kubelet destroys the cgroups of pods
// that it does not know, so two of them on one machine must not share one.
func (c *Cluster) cgroup() string { return fmt.Sprintf("kaudit-e2e-%d", c.Config.N) }

// hierarchies are the directories that cgroups are made in: one in version 2, one for each
// controller in version 1.
func hierarchies() ([]string, error) {
	if _, err := os.Stat(filepath.Join(cgroups, "cgroup.controllers")); err == nil {
		return []string{cgroups}, nil
	}
	procs, err := filepath.Glob(filepath.Join(cgroups, "*", "cgroup.procs"))
	var dirs []string
	for _, p := range procs {
		dirs = append(dirs, filepath.Dir(p))
	}
	return dirs, err
}

func makeCgroups(name string) error {
	dirs, err := hierarchies()
	if err != nil {
		return err
	}
	for _, d := range dirs {
		dir := filepath.Join(d, name)
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := delegate(d, dir); err != nil {
			return err
		}
	}
	return nil
}

// delegate gives a new cgroup what it needs before it may hold others.
func delegate(parent, dir string) error {
	// Version 1: a cpuset starts empty.
	for _, f := range []string{"cpuset.cpus", "cpuset.mems"} {
		v, err := os.ReadFile(filepath.Join(parent, f))
		if err != nil {
			continue // another hierarchy
		}
		if err := os.WriteFile(filepath.Join(dir, f), v, 0o644); err != nil {
			return err
		}
	}
	// Version 2: controllers are handed down one by one.
	if parent != cgroups {
		return nil
	}
	for _, d := range []string{parent, dir} {
		for _, controller := range []string{"cpuset", "cpu", "io", "memory", "hugetlb", "pids"} {
			// One that this kernel lacks is missed by the kubelet later, with a better message.
			_ = os.WriteFile(filepath.Join(d, "cgroup.subtree_control"), []byte("+"+controller), 0o644)
		}
	}
	return nil
}

// removeCgroups removes them from the leaves up. The kernel needs a moment to let go of the dead.
func removeCgroups(name string) error {
	dirs, err := hierarchies()
	if err != nil {
		return err
	}
	for _, d := range dirs {
		for try := 0; ; try++ {
			if err = removeTree(filepath.Join(d, name)); err == nil || try == 50 {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func removeTree(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			if err := removeTree(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return os.Remove(dir) // its files are the kernel's and go with it
}
