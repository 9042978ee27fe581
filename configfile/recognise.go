package configfile

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// A piece is what one document says.
type piece struct {
	file         *file
	what         string // the name of its reader
	cluster      string // by its own word; "" where it does not say
	version      string // of Kubernetes: "1.37.2"
	versionAt    evidence.Source
	distribution string
	processes    []*Process
	etcdFile     *Process // as etcd's --config-file says
	runBy        *Process // the process that is known to take that file
	settings     *settingsFile
	env          *envFile  // variables that units may take
	unit         *unitFile // of systemd, or a drop-in of one
	objects      *objects  // of the API
	// sole is set where it says of a whole control plane what it is: a cluster has one such piece, or copies of it
	// for its machines. endpoint is how clients reach that control plane, if it says so.
	sole     bool
	endpoint string
	// inert is set where the piece alone configures nothing.
	inert bool
	// patched says what may change the manifests that kubeadm writes, and was not read.
	patched string
	// fill puts in what else it tells, once the cluster is known.
	fill []func(*evidence.Snapshot)
}

// A reader knows one sort of document.
type reader struct {
	name string
	// kinds are those of the documents that it reads, and group the beginning of their apiVersion.
	kinds []string
	group string
	// words are such that one of them is in every document worth parsing; none: all are.
	words []string
	// keys matches the text of documents without a kind; its first group is the name of a key.
	keys *regexp.Regexp
	// atLeast is how many different keys it must find; 0: one.
	atLeast int
	read    func(c cursor, s *sink)
}

// readers lists them, the most particular first: the first one that takes a document has it.
func readers() []reader {
	return append(
		settingsReaders(), openshiftReader(),
		podReader(), workloadReader(), kubeadmReader(), capiReader(), capiClusterReader(), etcdFileReader(), talosReader(), talosKindReader(), suiteReader(), suiteControlPlaneReader(), kopsReader(), kopsGroupReader(), kubesprayReader(), flagzReader(), flowSchemaReader(), priorityLevelReader(), apiServiceReader(), listReader(), configMapReader(),
	)
}

// sink takes what the readers of a file find.
type sink struct {
	readers  []reader
	file     *file
	pieces   []*piece
	problems []Problem
	remarks  []evidence.Remark
}

// piece begins what a document says.
func (s *sink) piece(what string) *piece {
	p := &piece{file: s.file, what: what}
	s.pieces = append(s.pieces, p)
	return p
}

// fail says what cannot be read, and where.
func (s *sink) fail(err error) {
	p := Problem{File: s.file.path, Why: err.Error()}
	if at := (*placed)(nil); errors.As(err, &at) {
		p.Line, p.Column, p.Why = at.line, at.column, at.why
	}
	s.problems = append(s.problems, p)
}

// warn tells of something that was read, and is likely not what was meant.
func (s *sink) warn(at evidence.Source, why string) {
	s.problems = append(s.problems, Problem{File: s.file.path, Line: at.Line, Column: at.Column, Why: why, Read: true})
}

var (
	kindLine  = regexp.MustCompile(`(?m)^["']?kind["']?[ \t]*:[ \t]*["']?([A-Za-z0-9]+)`)
	kindJSON  = regexp.MustCompile(`"kind"\s*:\s*"([A-Za-z0-9]+)"`)
	groupLine = regexp.MustCompile(`(?m)^["']?apiVersion["']?[ \t]*:[ \t]*["']?([^\s"'#]+)`)
)

// readDoc gives a document to the reader that knows it.
func (s *sink) readDoc(d *doc) {
	r := s.readerOf(d)
	if r == nil {
		return
	}
	if !d.root.ok() {
		if err := d.parse(); err != nil {
			if len(s.file.loose)+len(s.file.open) == 0 && !strings.ContainsRune(d.text, hole) {
				s.fail(err)
			} else {
				s.passOver(r.name+", a template that is no YAML before it is rendered", d)
			}
			return
		}
	}
	if d.part && d.inside == nil { // an item of a list: that has been gone through
		s.readAnnotation(d.root)
		r.read(d.root, s)
		return
	}
	s.twice(d)
	s.readAnnotation(d.root)
	r.read(d.root, s)
}

// passOver notes for -v what is not read.
func (s *sink) passOver(why string, d *doc) {
	s.problems = append(s.problems, Problem{File: s.file.path, Line: d.line + 1, Why: why, Quiet: true})
}

func (s *sink) readerOf(d *doc) *reader {
	kind, group := kindOf(d)
	for _, r := range s.readers {
		switch {
		case kind == "" && !r.hasKeys(d.text):
			continue
		case kind != "" && (!slices.Contains(r.kinds, kind) || group != "" && !strings.HasPrefix(group, r.group)):
			continue
		}
		if len(r.words) == 0 || slices.ContainsFunc(r.words, func(w string) bool { return strings.Contains(d.text, w) }) {
			return &r
		}
	}
	return nil
}

// hasKeys reports whether a document without a kind has enough of the reader's keys.
func (r reader) hasKeys(text string) bool {
	if r.keys == nil || r.atLeast < 2 {
		return r.keys != nil && r.keys.MatchString(text)
	}
	found := map[string]bool{}
	for _, m := range r.keys.FindAllStringSubmatch(text, -1) {
		if found[m[1]] = true; len(found) == r.atLeast {
			return true
		}
	}
	return false
}

// kindOf is the kind and apiVersion of a document, without parsing it where that can be avoided.
func kindOf(d *doc) (kind, group string) {
	switch {
	case d.kind != "":
		return d.kind, d.group
	case d.root.ok():
		return d.root.get("kind").text(), d.root.get("apiVersion").text()
	}
	if strings.HasPrefix(strings.TrimSpace(d.text), "{") {
		m := kindJSON.FindStringSubmatch(d.text)
		switch {
		case m == nil:
			return "", ""
		case d.parse() != nil:
			return m[1], "" // its reader says what is wrong
		}
		return kindOf(d)
	}
	if m := kindLine.FindStringSubmatch(d.text); m != nil {
		kind = m[1]
	}
	if m := groupLine.FindStringSubmatch(d.text); m != nil {
		group = m[1]
	}
	return kind, group
}
