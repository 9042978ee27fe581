package configfile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kaudit/kaudit/evidence"
)

// Options say what to read.
type Options struct {
	Paths  []string  // files and directories, "-" is standard input
	Stdin  io.Reader // what "-" reads
	Kaudit string    // the version that reads
	// Version is the Kubernetes version of clusters whose files do not tell theirs: "1.31"; "" for unknown.
	Version string
	Now     time.Time // when the tree was read: what checks use for "now"
	// Instead are texts to take in the place of what files hold, by path: what a tree would be with them.
	Instead map[string][]byte
}

// A Tree is what was read.
type Tree struct {
	Clusters []Cluster
	// Problems are files, or parts of them, that could not be read, or not as they were meant.
	Problems []Problem
	Files    int   // read, whether they configure something or not
	Bytes    int64 // of them
}

// A Cluster is one that the files configure.
type Cluster struct {
	Name      string
	Snapshot  *evidence.Snapshot
	Processes []*Process
	Files     []string // that configure it
}

// A Problem is something about a file that its reader should know.
type Problem struct {
	File         string
	Line, Column int // from 1; 0: not known
	Why          string
	Read         bool // the file was read all the same: it is likely not what was meant
	Quiet        bool // it concerns nobody unless they ask what was passed over
}

func (p Problem) String() string {
	at := p.File
	if p.Line > 0 {
		at += ":" + strconv.Itoa(p.Line)
	}
	if p.Column > 0 {
		at += ":" + strconv.Itoa(p.Column)
	}
	return at + ": " + p.Why
}

// An OptionsError is a path that cannot be read at all.
type OptionsError struct {
	Path string
	Err  error
}

func (e *OptionsError) Error() string { return fmt.Sprintf("-f %s: %v", e.Path, bare(e.Err)) }

func (e *OptionsError) Unwrap() error { return e.Err }

// Read reads files and directories, and never writes. What cannot be read is a problem of the tree and hides
// nothing else; it is an error only if a path that the caller names is not there.
func Read(ctx context.Context, o Options) (*Tree, error) {
	w := &walker{seen: map[string]bool{}}
	tree := &Tree{}
	var sinks []*sink
	rs := readers() // they compile their patterns
	for _, p := range o.Paths {
		if p == "-" {
			data, err := io.ReadAll(io.LimitReader(o.Stdin, maxFile+1))
			if err != nil {
				return nil, &OptionsError{Path: "-", Err: err}
			}
			if text, ok := o.Instead["-"]; ok {
				data = text
			}
			sinks = append(sinks, readData(input{shown: "-", rel: "-", rootDir: rootDir{"-", "stdin"}, named: true}, data, rs))
			tree.Files, tree.Bytes = tree.Files+1, tree.Bytes+int64(len(data))
			continue
		}
		if err := w.add(ctx, p); err != nil {
			return nil, err
		}
	}
	read := make([]*sink, len(w.inputs))
	var g errgroup.Group
	g.SetLimit(max(2, runtime.GOMAXPROCS(0)))
	for i, in := range w.inputs {
		g.Go(func() error {
			if ctx.Err() == nil {
				if text, ok := o.Instead[in.shown]; ok {
					read[i] = readData(in, text, rs)
					return nil
				}
				read[i] = readFile(in, rs)
			}
			return nil
		})
	}
	_ = g.Wait() // no goroutine returns an error
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for i, in := range w.inputs {
		tree.Files++
		if in.size <= maxFile { // a larger one was not read
			tree.Bytes += in.size
		}
		sinks = append(sinks, read[i])
	}
	tree.Clusters = assemble(sinks, o) // which finds problems too
	tree.Problems = w.problems
	for _, s := range sinks {
		tree.Problems = append(tree.Problems, s.problems...)
	}
	slices.SortStableFunc(tree.Problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return tree, nil
}

func readFile(in input, rs []reader) *sink {
	if in.size > maxFile {
		return &sink{problems: []Problem{{File: in.shown, Why: fmt.Sprintf("is larger than %d MiB and was not read", maxFile>>20), Quiet: !in.named}}}
	}
	if in.isProseOrCode() {
		return &sink{problems: []Problem{{File: in.shown, Why: "is prose or code, which may quote configuration; name it with -f to have it read", Quiet: true}}}
	}
	data, err := readAll(in.path)
	if err != nil {
		return &sink{problems: []Problem{{File: in.shown, Why: bare(err).Error()}}}
	}
	return readData(in, data, rs)
}

// readAll reads a file whole, and looks no further than its beginning where that is no text.
func readAll(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	head := make([]byte, 4096)
	n, err := io.ReadFull(f, head)
	head = head[:n]
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return head, nil
	case err != nil:
		return nil, err
	case binary(head):
		return head, nil
	}
	rest, err := io.ReadAll(io.LimitReader(f, maxFile))
	return append(head, rest...), err
}

func binary(head []byte) bool {
	_, err := decode(head)
	return errors.Is(err, errNotText)
}

// readData recognises what a file holds and reads it.
func readData(in input, data []byte, rs []reader) *sink {
	s := &sink{readers: rs, file: &file{path: in.shown, rel: in.rel, rootDir: in.rootDir}}
	text, err := decode(data)
	switch {
	case errors.Is(err, errNotText):
		s.problems = append(s.problems, Problem{File: in.shown, Why: "is no text", Quiet: !in.named})
		return s
	case err != nil:
		s.problems = append(s.problems, Problem{File: in.shown, Why: err.Error(), Quiet: !in.named && !speaksOfClusters(data)})
		return s
	}
	s.file = newFile(in.shown, in.rel, text)
	s.file.rootDir = in.rootDir
	s.readRemarks()
	if s.readText() {
		return s
	}
	for _, d := range split(s.file) {
		s.readDoc(d)
		d.root = cursor{} // its tree is not kept
	}
	if len(s.pieces) == 0 && len(s.problems) == 0 {
		s.problems = append(s.problems, Problem{File: in.shown, Why: "configures no control plane; passed over", Quiet: true})
	}
	return s
}

func itoa(n int) string { return strconv.Itoa(n) }

// bare is an error without the operation and the path, which the sentence around it names.
func bare(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}
