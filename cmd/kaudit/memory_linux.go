package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// forgetProgram gives back the pages of the program that its start has touched: more than half of its memory, of which
// little is needed again. They are the file's, unchanged, and come back from there when they are.
func forgetProgram() {
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return
	}
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	var from, to uintptr
	for line := range bytes.Lines(maps) {
		line := strings.TrimSpace(string(line))
		switch {
		case strings.HasSuffix(line, exe):
			var perm string
			from, to = 0, 0
			if n, _ := fmt.Sscanf(line, "%x-%x %s", &from, &to, &perm); n != 3 || strings.Contains(perm, "w") {
				from, to = 0, 0
			}
		case from < to && strings.HasPrefix(line, "Anonymous:"):
			if strings.HasSuffix(line, " 0 kB") { // none of it was written to
				_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, to-from, syscall.MADV_DONTNEED)
			}
			from, to = 0, 0
		}
	}
}
