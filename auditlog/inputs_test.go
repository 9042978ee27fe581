package auditlog

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kaudit/kaudit/evidence"
)

// tree writes files under a directory.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func readAll(t *testing.T, o Options, paths ...string) (*evidence.Requests, []string) {
	t.Helper()
	var notes []string
	o.Note = func(s string) { notes = append(notes, s) }
	r, err := Read(t.Context(), paths, o)
	if err != nil {
		t.Fatal(err)
	}
	return r, notes
}

func logNames(r *evidence.Requests, dir string) []string {
	var names []string
	for _, l := range r.Logs {
		names = append(names, strings.TrimPrefix(l.Name, dir+"/"))
	}
	return names
}

func logNamed(r *evidence.Requests, name string) evidence.Log {
	for _, l := range r.Logs {
		if l.Name == name {
			return l
		}
	}
	return evidence.Log{}
}

func TestReadDirectory(t *testing.T) {
	e := eventOf("u") + "\n"
	dir := tree(t, map[string]string{
		"cp-2/audit.log":                             e,
		"cp-1/audit.log":                             e,
		"cp-1/audit-2026-03-01T10-00-00.123.log":     e,
		"cp-1/audit-2026-02-01T10-00-00.123.log.gz":  string(gzipOf(e)),
		"cp-1/audit-2026-02-11T10-00-00.000.log.zst": string(zstdOf(e)),
		"cp-3/audit.log":                             "",
		"cp-3/audit.log.10":                          e,
		"cp-3/audit.log.9.gz":                        string(gzipOf(e)),
		"auditd/audit.log":                           "type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e\n",
		"cp-1/kube-apiserver.log":                    "I0301 10:00:00.000000 1 audit.go:1] auditID\n",
		"cp-1/audit-policy.yaml":                     "apiVersion: audit.k8s.io/v1\nkind: Policy\n",
		"cp-1/export.json":                           pretty(t, e),
	})
	got, notes := readAll(t, Options{}, dir)
	want := []string{
		"cp-1/audit-2026-02-01T10-00-00.123.log.gz", "cp-1/audit-2026-02-11T10-00-00.000.log.zst", "cp-1/audit-2026-03-01T10-00-00.123.log",
		"cp-1/audit.log", "cp-1/export.json", "cp-2/audit.log", "cp-3/audit.log", "cp-3/audit.log.10", "cp-3/audit.log.9.gz",
	}
	if d := cmp.Diff(want, logNames(got, dir)); d != "" {
		t.Errorf("logs (-want +got):\n%s", d)
	}
	if got.Events != 8 || got.Malformed != 0 {
		t.Errorf("got %d events, %d malformed, want 8, 0", got.Events, got.Malformed)
	}
	if len(notes) != 1 || strings.Count(notes[0], "no audit event at its start") != 3 {
		t.Errorf("got notes %q, want one on the three that are passed over", notes)
	}
}

func TestReadOnce(t *testing.T) {
	e := eventOf("u") + "\n"
	dir := tree(t, map[string]string{"audit.log": e, "audit-2026-03-01T10-00-00.123.log": e, "audit-2026-03-01T10-00-00.123.log.gz": string(gzipOf(e))})
	if err := os.Symlink("audit.log", filepath.Join(dir, "symlink")); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(dir, "audit.log"), filepath.Join(dir, "hardlink")); err != nil {
		t.Fatal(err)
	}
	stdin, err := os.Open(filepath.Join(dir, "audit.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	got, notes := readAll(t, Options{Stdin: stdin}, filepath.Join(dir, "audit.log"), dir, filepath.Join(dir, "symlink"), "-")
	if got.Events != 2 || len(got.Logs) != 2 {
		t.Errorf("got %d events of %d logs, want 2 of 2", got.Events, len(got.Logs))
	}
	if all := strings.Join(notes, "\n"); strings.Count(all, "is the same file as") != 5 || strings.Count(all, "holds the same as") != 1 {
		t.Errorf("got notes %q, want five on the same file, one on the compressed one", notes)
	}
}

func TestReadDamaged(t *testing.T) {
	var b strings.Builder
	for range 5000 {
		b.WriteString(eventOf("u") + "\n")
	}
	log := b.String()
	gz, zst := gzipOf(log), zstdOf(log)
	flipped := bytes.Clone(gz)
	flipped[len(flipped)-6] ^= 1
	for name, tt := range map[string]struct {
		log         []byte
		cut         string
		some, whole bool
	}{
		"gzip that ends early":  {log: gz[:len(gz)/2], cut: "the gzip data ends early", some: true},
		"gzip of another sum":   {log: flipped, cut: "the gzip data is damaged", some: true, whole: true},
		"gzip and then no gzip": {log: append(bytes.Clone(gz), "and more text than a header has"...), cut: "something follows the gzip data", some: true, whole: true},
		"gzip of a head only":   {log: gz[:5], cut: "the gzip data ends early"},
		"zstd that ends early":  {log: zst[:len(zst)-10], cut: "the zstd data ends early", some: true},
		"NUL bytes at the end":  {log: []byte(log + strings.Repeat("\x00", 5000)), cut: "it ends in NUL bytes", some: true, whole: true},
		"xz":                    {log: []byte("\xfd7zXZ\x00 and so on"), cut: "an xz archive"},
		"UTF-16":                {log: []byte("\xff\xfe{\x00"), cut: "UTF-16 text"},
	} {
		t.Run(name, func(t *testing.T) {
			other := write(t, "other.log", eventOf("other")+"\n")
			for _, path := range []string{write(t, "audit.log", string(tt.log)), "-"} {
				got, _ := readAll(t, Options{Stdin: bytes.NewReader(tt.log)}, path, other)
				log := logNamed(got, path)
				if !strings.Contains(log.Cut, tt.cut) || (log.Events > 0) != tt.some || (log.Events == 5000) != tt.whole {
					t.Errorf("%s: got %d events, cut %q, want cut %q", path, log.Events, log.Cut, tt.cut)
				}
				if n := logNamed(got, other).Events; n != 1 {
					t.Errorf("%s: got %d events of the other log, want 1", path, n)
				}
			}
		})
	}
}

func TestReadNothing(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		paths []string
		want  string
	}{
		{nil, "no audit log is given"},
		{[]string{filepath.Join(dir, "none.log")}, "none.log\": no such file"},
		{[]string{dir}, "no audit log is under it"},
		{[]string{"-"}, "there is no standard input"},
	} {
		if _, err := Read(t.Context(), tt.paths, Options{}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got error %v, want %q", tt.paths, err, tt.want)
		}
	}
	none := filepath.Join(dir, "none.log")
	got, _ := readAll(t, Options{}, none, write(t, "audit.log", eventOf("u")))
	if cut := logNamed(got, none).Cut; got.Events != 1 || cut != "no such file or directory" {
		t.Errorf("got %d events and cut %q, want 1 and no such file", got.Events, cut)
	}
}

// A log is written to, or cut short, while it is read: what the progress is told for is done at that moment.
func TestReadWhileItChanges(t *testing.T) {
	e := eventOf("u")
	for name, tt := range map[string]struct {
		change func(path string) error
		cut    string
		events int64
		bad    int64
	}{
		"grows":    {func(path string) error { return appendTo(path, e[100:]+"\n"+e+"\n") }, "it was being written to", 1, 0},
		"stays":    {func(string) error { return nil }, "its last line is cut off", 1, 1},
		"is short": {func(path string) error { return os.Truncate(path, 3) }, "the file became shorter", 0, 1},
	} {
		path := write(t, "audit.log", e+"\n"+e[:100])
		changed := false
		got, err := read(t.Context(), []string{path}, Options{Workers: 1, Progress: func(Progress) {
			if !changed {
				changed = true
				if err := tt.change(path); err != nil {
					t.Error(err)
				}
			}
		}}, sizes{chunk: 100, ahead: 10, room: 5, block: 10, line: 4096})
		if err != nil {
			t.Fatal(err)
		}
		if got.Events != tt.events || got.Malformed != tt.bad || !strings.Contains(got.Logs[0].Cut, tt.cut) {
			t.Errorf("%s: got %d events, %d malformed, cut %q, want %d, %d, %q", name, got.Events, got.Malformed, got.Logs[0].Cut, tt.events, tt.bad, tt.cut)
		}
	}
}

func appendTo(path, s string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(s)
	return errors.Join(err, f.Close())
}

func TestReadEndsWithContext(t *testing.T) {
	hanging, other := io.Pipe() // nothing is ever written to it
	defer func() { _ = other.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	path := write(t, "audit.log", strings.Repeat(eventOf("u")+"\n", 10))
	r, err := Read(ctx, []string{path, "-"}, Options{Stdin: hanging, Workers: 2, Progress: func(Progress) { cancel() }})
	if r != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v, want nothing but that it was cancelled", r, err)
	}
}

func TestReadTellsProgress(t *testing.T) {
	log := strings.Repeat(eventOf("u")+"\n", 1000)
	gz := gzipOf(log)
	var last Progress
	_, _ = readAll(t, Options{Progress: func(p Progress) { last = p }}, write(t, "a.log", log), write(t, "b.gz", string(gz)))
	n := int64(len(log) + len(gz))
	if want := (Progress{Read: n, Total: n}); last != want {
		t.Errorf("got %+v, want %+v", last, want)
	}
	_, _ = readAll(t, Options{Stdin: strings.NewReader(log), Progress: func(p Progress) { last = p }}, "-")
	if want := (Progress{Read: int64(len(log))}); last != want {
		t.Errorf("got %+v, want %+v", last, want)
	}
}
