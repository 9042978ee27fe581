package auditlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// directory takes the audit logs under a directory. By their names the oldest of a rotated set comes first: the server
// names it audit-TIME.log.
func (a *opening) directory(dir string) {
	var logs []*input
	var passed []string
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			passed = append(passed, fmt.Sprintf("%q (%s)", path, whyShort(err)))
			return nil
		case d.IsDir(), !d.Type().IsRegular() && d.Type()&fs.ModeSymlink == 0:
			return nil
		}
		switch in, why := a.candidate(path); {
		case why != "":
			passed = append(passed, fmt.Sprintf("%q (%s)", path, why))
		case in != nil:
			logs = append(logs, in)
		}
		return nil
	})
	a.notePassed(dir, passed)
	if len(logs) == 0 {
		a.add(unreadableInput(dir, errNoLogs))
		return
	}
	for _, in := range logs {
		a.add(in)
	}
}

func (a *opening) notePassed(dir string, passed []string) {
	const shown = 5
	if len(passed) == 0 {
		return
	}
	names := strings.Join(passed[:min(shown, len(passed))], ", ")
	if more := len(passed) - shown; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	a.note("passed over in %q, as they are no audit logs: %s", dir, names)
}

// candidate opens a file of a directory if it is an audit log, by what is in it: other programs write an audit.log too.
// What is named as one and cannot be read is told as one.
func (a *opening) candidate(path string) (in *input, why string) {
	named := strings.Contains(filepath.Base(path), "audit") && strings.Contains(filepath.Base(path), ".log")
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, "no regular file"
	}
	if in = openInput(path); in.kind == unreadable {
		if !named {
			return nil, whyShort(in.fault)
		}
		return in, ""
	}
	head, err := in.head()
	first := bytes.TrimLeft(bytes.TrimPrefix(head, byteOrderMark), " \t\r\n")
	events := bytes.Contains(head, []byte(`"auditID"`))
	switch {
	case events && (named || len(first) > 0 && (first[0] == '{' || first[0] == '[')):
	case named && len(head) == 0 && (err != nil || in.size == 0):
	default:
		_ = in.file.Close()
		return nil, "no audit event at its start"
	}
	return in, ""
}

// head is the start of what is in a file, decompressed. The error is that of an archive that is damaged there.
func (in *input) head() ([]byte, error) {
	r, err := in.stream(func(int) {})
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	head := make([]byte, headSize)
	n, err := readFull(r, head)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return head[:n], err
}

func uncompressedName(path string) string {
	for _, ext := range []string{".gz", ".zst", ".bz2"} {
		if s, ok := strings.CutSuffix(path, ext); ok {
			return s
		}
	}
	return path
}

var errNoLogs = errors.New("no audit log is under it")

// dropCompressedTwins passes over audit.log.gz where audit.log is read too and starts as it does: a server that
// stopped while it compressed a log leaves both.
func (a *opening) dropCompressedTwins() {
	plainOf := map[string]*input{}
	for _, in := range a.inputs {
		if in.kind == plain && in.pipe == nil {
			plainOf[in.name] = in
		}
	}
	a.inputs = slices.DeleteFunc(a.inputs, func(in *input) bool {
		twin := plainOf[uncompressedName(in.name)]
		if twin == nil || twin == in || in.pipe != nil || in.kind == unreadable {
			return false
		}
		packed, err := in.head()
		unpacked, _ := twin.head()
		if n := min(len(packed), len(unpacked)); err == nil && n > 0 && bytes.Equal(packed[:n], unpacked[:n]) {
			a.note("%q holds the same as %q: it is passed over", in.name, twin.name)
			_ = in.file.Close()
			return true
		}
		return false
	})
}
