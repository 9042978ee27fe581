package loopback

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/kaudit/kaudit/e2e/proc"
)

// aged lets a process find that it was started long ago. It counts its age from when the machine was
// booted, which /proc/stat tells: it sees one that tells an earlier time.
func (c *Cluster) aged(s *proc.Spec) error {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return err
	}
	var b strings.Builder
	for l := range strings.Lines(string(stat)) {
		if booted, ok := strings.CutPrefix(l, "btime "); ok {
			at, err := strconv.ParseInt(strings.TrimSpace(booted), 10, 64)
			if err != nil {
				return fmt.Errorf("read /proc/stat: %w", err)
			}
			l = fmt.Sprintf("btime %d\n", at-int64(c.Config.Lived.Seconds()))
		}
		b.WriteString(l)
	}
	path := filepath.Join(c.Config.Dir, "proc-stat")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		return err
	}
	s.Clone |= syscall.CLONE_NEWNS
	s.Args = append([]string{"/bin/sh", "-c", `mount --make-rprivate / && mount --bind "$0" /proc/stat && exec "$@"`, path}, s.Args...)
	return nil
}
