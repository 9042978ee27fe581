package auditlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// An input is one log, opened.
type input struct {
	name     string
	kind     kind
	document bool // JSON values over several lines, not one to each
	file     *os.File
	info     fs.FileInfo
	pipe     io.Reader // what is read where there is no regular file
	base     int64     // where in the file it starts
	size     int64     // as it was when it was opened: what is written later is not read
	fault    error     // why it is unreadable
	ledger   ledger
}

// ReadAt reads a file from its start on.
func (in *input) ReadAt(p []byte, at int64) (int, error) { return in.file.ReadAt(p, in.base+at) }

// reader reads all of the input.
func (in *input) reader() io.Reader {
	if in.pipe != nil {
		return in.pipe
	}
	return io.NewSectionReader(in, 0, in.size)
}

// grew says whether the log is being written to.
func (in *input) grew() bool {
	if in.pipe != nil {
		return false
	}
	now, err := in.file.Stat()
	return err == nil && now.Size() > in.base+in.size
}

// opening is the choice of logs. All are opened at once: then one that is rotated while another is read stays what
// it was.
type opening struct {
	o      Options
	inputs []*input
}

var errNothing = errors.New("no audit log is given: give files, directories, or - for standard input")

func openAll(paths []string, o Options) ([]*input, error) {
	a := &opening{o: o}
	for _, path := range paths {
		a.path(path)
	}
	a.dropCompressedTwins()
	readable := false
	for _, in := range a.inputs {
		in.ledger.log.Name = in.name
		readable = readable || in.kind != unreadable
	}
	switch {
	case len(a.inputs) == 0:
		return nil, errNothing
	case !readable:
		return nil, a.noneReadable()
	}
	return a.inputs, nil
}

// noneReadable is the error of the first few inputs that cannot be read, where none can.
func (a *opening) noneReadable() error {
	const shown = 3
	var errs []string
	for _, in := range a.inputs[:min(shown, len(a.inputs))] {
		errs = append(errs, fmt.Sprintf("read audit log %q: %s", in.name, whyShort(in.fault)))
	}
	if more := len(a.inputs) - shown; more > 0 {
		errs = append(errs, fmt.Sprintf("and %d more", more))
	}
	return errors.New(strings.Join(errs, "; "))
}

func closeAll(inputs []*input) {
	for _, in := range inputs {
		if in.file != nil && in.name != "-" {
			_ = in.file.Close()
		}
	}
}

func (a *opening) note(format string, args ...any) {
	if a.o.Note != nil {
		a.o.Note(fmt.Sprintf(format, args...))
	}
}

// path takes a file, a directory or "-".
func (a *opening) path(path string) {
	if path == "-" {
		a.stdin()
		return
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		a.add(unreadableInput(path, err))
	case info.IsDir():
		a.directory(path)
	default:
		a.add(openInput(path))
	}
}

// unreadableInput keeps the place of a log that is not read, to tell of it.
func unreadableInput(path string, err error) *input {
	in := &input{name: path, fault: err}
	in.ledger.cut(whyShort(err))
	return in
}

// add takes a log, unless it is there already.
func (a *opening) add(in *input) {
	if other := a.same(in); other != nil {
		a.note("%q is the same file as %q: it is read once", in.name, other.name)
		if in.name != "-" {
			_ = in.file.Close()
		}
		return
	}
	a.inputs = append(a.inputs, in)
}

func openInput(path string) *input {
	f, err := os.Open(path)
	if err != nil {
		return unreadableInput(path, err)
	}
	in := &input{name: path, file: f}
	if err := in.examine(); err != nil {
		_ = f.Close()
		return unreadableInput(path, err)
	}
	return in
}

func (a *opening) same(in *input) *input {
	for _, other := range a.inputs {
		if other.info != nil && in.info != nil && os.SameFile(other.info, in.info) {
			return other
		}
	}
	return nil
}

// examine looks at the first bytes of a file. One that is not regular is read as a pipe.
func (in *input) examine() error {
	info, err := in.file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		in.pipe, in.kind = in.file, plain // until its first bytes are there
		return nil
	}
	if in.base, err = in.file.Seek(0, io.SeekCurrent); err != nil {
		return err
	}
	in.info, in.size = info, max(0, info.Size()-in.base)
	head := make([]byte, min(headSize, in.size))
	n, err := in.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	head = head[:n]
	if why := foreign(head); why != "" {
		return errors.New(why)
	}
	in.kind = sniff(head)
	if bytes.HasPrefix(head, byteOrderMark) {
		in.base += int64(len(byteOrderMark))
		in.size -= int64(len(byteOrderMark))
	}
	in.document = in.kind == plain && isDocuments(head)
	return nil
}

// stdin is read as a file where it is one.
func (a *opening) stdin() {
	for _, other := range a.inputs {
		if other.name == "-" {
			a.note("- is given twice: standard input is read once")
			return
		}
	}
	in := &input{name: "-"}
	switch r := a.o.Stdin.(type) {
	case nil:
		a.add(unreadableInput("-", errors.New("there is no standard input")))
		return
	case *os.File:
		in.file = r
		if err := in.examine(); err != nil {
			a.add(unreadableInput("-", err))
			return
		}
	default:
		in.pipe, in.kind = r, plain
	}
	a.add(in)
}
