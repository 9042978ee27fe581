package auditlog

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// directory takes the audit logs under a directory, the oldest of each set first.
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
	slices.SortStableFunc(logs, func(x, y *input) int { return rotationOf(x.name).compare(rotationOf(y.name)) })
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
		in.file.Close()
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
	defer r.Close()
	head := make([]byte, headSize)
	n, err := readFull(r, head)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return head[:n], err
}

// A rotation is where a file stands in a rotated set: kube-apiserver names the old ones audit-TIME.log, logrotate
// audit.log.NUMBER or audit.log-DATE. The one without is the newest.
type rotation struct {
	set    string
	live   bool
	time   string
	number int
}

var (
	rotatedByServer = regexp.MustCompile(`^(.*)-(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3})(\.[^.]*)?$`)
	rotatedByDate   = regexp.MustCompile(`^(.*)-(\d{8}(?:-\d+)?)$`)
	rotatedByNumber = regexp.MustCompile(`^(.*)\.(\d{1,6})$`)
)

func rotationOf(path string) rotation {
	path = uncompressedName(path)
	if m := rotatedByServer.FindStringSubmatch(path); m != nil {
		return rotation{set: m[1] + m[3], time: m[2]}
	}
	if m := rotatedByDate.FindStringSubmatch(path); m != nil {
		return rotation{set: m[1], time: m[2]}
	}
	if m := rotatedByNumber.FindStringSubmatch(path); m != nil {
		n, _ := strconv.Atoi(m[2])
		return rotation{set: m[1], number: n}
	}
	return rotation{set: path, live: true}
}

// compare puts older ones first.
func (r rotation) compare(o rotation) int {
	return cmp.Or(cmp.Compare(r.set, o.set), cmp.Compare(b2i(r.live), b2i(o.live)), cmp.Compare(r.time, o.time), -cmp.Compare(r.number, o.number))
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
			in.file.Close()
			return true
		}
		return false
	})
}
