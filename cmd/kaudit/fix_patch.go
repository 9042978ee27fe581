package main

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/kaudit/kaudit/checks"
)

// A mended file is one with changes.
type mendedFile struct {
	path     string // as it was read
	real     string // whole path, without links
	old, now []byte
}

// mendedFiles are those that may be written: a link out of what -f names leads to files that nobody spoke of.
func (m *mender) mendedFiles() (files []mendedFile, failed int) {
	var roots []string
	for _, root := range m.o.files.paths {
		if whole, err := realPath(root); err == nil {
			roots = append(roots, whole)
		}
	}
	for path, now := range m.texts.Changed {
		old, err := m.original(path)
		whole, lerr := realPath(path)
		inside := slices.ContainsFunc(roots, func(root string) bool { _, ok := within(root, whole); return ok })
		switch {
		case err != nil || lerr != nil:
			fmt.Fprintf(m.e.stderr, "kaudit: %s cannot be read again\n", path)
			failed++
		case !inside:
			fmt.Fprintf(m.e.stderr, "kaudit: %s is a link to %s, outside of what -f names; it was left as it is: fix it there\n", path, whole)
			failed++
		default:
			files = append(files, mendedFile{path, whole, old, now})
		}
	}
	slices.SortFunc(files, func(a, b mendedFile) int { return strings.Compare(a.real, b.real) })
	return files, failed
}

func realPath(path string) (string, error) {
	whole, err := filepath.Abs(filepath.FromSlash(path))
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(whole)
}

// within is the path of a file from a directory, with slashes.
func within(dir, file string) (string, bool) {
	rel, err := filepath.Rel(dir, file)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

// printPatch prints the changes as git apply takes them, from the working directory where all files are below it.
func (m *mender) printPatch() error {
	files, failed := m.mendedFiles()
	base, err := patchBase(files)
	if err != nil {
		return noAudit("%w", err)
	}
	var out bytes.Buffer
	shown, secret := 0, 0
	for _, f := range files {
		name, _ := within(base, f.real)
		text, ok := patch(name, f.old, f.now)
		if !ok {
			fmt.Fprintf(m.e.stderr, "kaudit: %s: a secret stands beside a change, and a patch would show it; --write makes the change\n", f.path)
			secret++
			continue
		}
		out.Write(text)
		shown++
	}
	if _, err := io.Copy(m.e.stdout, &out); err != nil {
		return noAudit("write the patch: %w", bare(err))
	}
	if shown > 0 {
		where := "git apply"
		if here, err := realPath("."); err != nil || here != base {
			where = "git -C " + base + " apply"
		}
		what := checks.Count(len(m.done), "setting")
		if shown < len(m.texts.Changed) {
			what = "some of " + what
		}
		fmt.Fprintf(m.e.stderr, "kaudit: %s in %s would change; --write writes them, or pipe the patch into %s\n", what, checks.Count(shown, "file"), where)
	} else if failed+secret+len(m.refused) == 0 {
		fmt.Fprintln(m.e.stderr, "kaudit: no plain setting to change")
	}
	return m.outcome(shown+secret > 0, failed)
}

// patchBase is the directory that the paths of a patch begin in.
func patchBase(files []mendedFile) (string, error) {
	base, err := realPath(".")
	if err != nil {
		return "", err
	}
	outside := func(f mendedFile) bool { _, ok := within(base, f.real); return !ok }
	if !slices.ContainsFunc(files, outside) {
		return base, nil
	}
	base = filepath.Dir(files[0].real)
	for slices.ContainsFunc(files, outside) {
		base = filepath.Dir(base)
	}
	return base, nil
}

// patch is the change of a file as a unified diff. It shows no line that may hold a secret; false if a hunk
// cannot do without.
func patch(name string, old, now []byte) ([]byte, bool) {
	text := string(diff.Diff(quotePath("a/"+name), old, quotePath("b/"+name), now))
	_, text, _ = strings.Cut(text, "\n") // the command line of diff
	at := hunkLine.FindAllStringIndex(text, -1)
	if len(at) == 0 {
		return nil, false
	}
	var out strings.Builder
	out.WriteString(text[:at[0][0]])
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		h, ok := hunk(text[m[0]:end])
		if !ok {
			return nil, false
		}
		out.WriteString(h)
	}
	return []byte(out.String()), true
}

// quotePath writes a path as git does.
func quotePath(path string) string {
	if strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r == 0x7F }) {
		return fmt.Sprintf("%q", path)
	}
	if strings.Contains(path, " ") {
		return path + "\t" // ends the name
	}
	return path
}

var (
	hunkLine = regexp.MustCompile(`(?m)^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@$`)
	// secretLine matches lines that may hold a password, a token or a key, and not those that name a file.
	secretLine = regexp.MustCompile(`(?i)(passw?|to?ke?n|secr|bearer|api-?key|private|credential|authorization|urlheader)[\w-]*["']?\s*[:=]\s*["']?[^\s"'/]|://[^/\s]*@|-----BEGIN|[A-Za-z0-9+/]{64}`)
)

// hunk leaves out the lines around a change from the nearest that may hold a secret on.
func hunk(text string) (string, bool) {
	head, body, _ := strings.Cut(text, "\n")
	m := hunkLine.FindStringSubmatch(head)
	lines := strings.SplitAfter(body, "\n")
	lines = slices.DeleteFunc(lines, func(l string) bool { return l == "" })
	changes := func(l string) bool { return l[0] == '+' || l[0] == '-' }
	first := slices.IndexFunc(lines, changes)
	if m == nil || first < 0 {
		return text, !secretLine.MatchString(text)
	}
	last := first
	for i, l := range lines {
		if changes(l) || l[0] == '\\' && i == last+1 {
			last = i
		}
	}
	from, to := 0, len(lines)
	for i, l := range lines {
		switch secret := secretLine.MatchString(l); {
		case !secret:
		case i < first:
			from = i + 1
		case i <= last:
			return "", false
		default:
			to = min(to, i)
		}
	}
	if to < len(lines) && to == last+1 {
		return "", false // git takes a hunk without a line behind for one at the end of the file
	}
	if from == 0 && to == len(lines) {
		return text, true
	}
	return rehead(m, lines, from, to) + strings.Join(lines[from:to], ""), true
}

// rehead counts the lines of a hunk that lost some.
func rehead(m, lines []string, from, to int) string {
	var oldAt, newAt, olds, news int
	_, _ = fmt.Sscan(m[1], &oldAt) // the pattern has digits
	_, _ = fmt.Sscan(m[3], &newAt)
	for _, l := range lines[from:to] {
		if l[0] == ' ' || l[0] == '-' {
			olds++
		}
		if l[0] == ' ' || l[0] == '+' {
			news++
		}
	}
	return fmt.Sprintf("@@ -%d,%d +%d,%d @@\n", oldAt+from, olds, newAt+from, news)
}
