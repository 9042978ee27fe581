package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/configfile"
)

// fixOptions is what the flags of fix say.
type fixOptions struct {
	scanOptions
	write bool
}

func newFixCmd(e env) *cobra.Command {
	o := fixOptions{scanOptions: scanOptions{collection: &collection{}}}
	cmd := &cobra.Command{
		Use:   "fix -f PATH",
		Short: "the plain settings that mend findings in files, as a patch or written into them",
		Long: `Fix judges configuration in files as scan -f does. Where a finding is mended by a plain setting it prints the change as a
patch for git apply, in the words of the file itself; comments, order and line ends stay. Nothing is written without
--write. What is not certain is not touched: templates, anchors, values from elsewhere, generated files. The findings
that are left are listed on standard error.

With -f - it prints standard input as it would be.

Exit status: 0 nothing to do, or all of it written; 1 there is something to do, or some of it could not be done; 2 wrong
usage or input; 3 nothing to check.`,
		Example: examples(e, "fix -f clusters/prod", "fix -f clusters/prod | git apply", "fix -f clusters/prod --only etcd-quota --write", "fix -f - < kube-apiserver.yaml"),
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runFix(cmd.Context(), e, o)
		},
	}
	o.files = fileFlags(cmd)
	f := cmd.Flags()
	f.Lookup("filename").Usage = "what to mend: FILE, DIR or - (standard input), repeatable"
	o.policy = configFlags(cmd)
	f.BoolVar(&o.write, "write", false, "write the changes into the files, and judge them again")
	f.StringSliceVar(&o.only, "only", nil, "only these checks: ids, patterns (etcd-*) or components")
	f.StringSliceVar(&o.skip, "skip", nil, "all but these checks")
	f.CountVarP(&o.verbose, "verbose", "v", "say which files were passed over, and why")
	completeChecks(cmd, "only", "skip")
	return cmd
}

// validate finds the mistakes in what -f and --write say.
func (o fixOptions) validate() error {
	switch stdin := slices.Contains(o.files.paths, "-"); {
	case len(o.files.paths) == 0:
		return usage("name what to mend: -f FILE, -f DIR, or -f - for standard input")
	case stdin && o.write:
		return usage("--write has no file to write where -f - reads standard input; leave it out, the mended text is printed")
	case stdin && len(o.files.paths) > 1:
		return usage("-f - prints the mended text, other files a patch; fix them one by one")
	}
	return o.files.validate()
}

func runFix(ctx context.Context, e env, o fixOptions) error {
	cs, err := selectChecks(e, catalogue(), o.only, o.skip)
	if err != nil {
		return err
	}
	if err := o.validate(); err != nil {
		return err
	}
	decided, err := o.decisions(e)
	if err != nil {
		return err
	}
	if cs, err = decided.checks(cs); err != nil {
		return err
	}
	decided.setVersion(o.files)
	m := &mender{e: e, o: o, checks: cs, decided: decided, refused: map[setting]string{}, found: map[string][]byte{}}
	if slices.Contains(o.files.paths, "-") {
		if m.stdin, err = io.ReadAll(io.LimitReader(e.stdin, maxStdin)); err != nil {
			return usage("read standard input: %w", err)
		}
	}
	if err := m.mend(ctx); err != nil {
		return err
	}
	if m.stdin != nil {
		if _, err := io.WriteString(e.stdout, cmp.Or(string(m.texts.Changed["-"]), string(m.stdin))); err != nil {
			return noAudit("write the mended text: %w", bare(err))
		}
		return m.outcome(len(m.texts.Changed) > 0, 0)
	}
	if o.write {
		return m.writeAll(ctx)
	}
	return m.printPatch()
}

const maxStdin = 64 << 20

// A setting is one of a subject of a cluster, told apart from all others.
type setting struct{ cluster, subject, name string }

// A wish is what findings want of a setting.
type wish struct {
	change configfile.Change
	checks []string // that want it
}

// mender finds the changes that findings want, and makes them in the texts of the files.
type mender struct {
	e       env
	o       fixOptions
	checks  []checks.Check
	decided decisions
	stdin   []byte

	tree    *configfile.Tree  // as it was found
	found   map[string][]byte // as they were found
	texts   configfile.Texts
	done    map[setting]wish
	refused map[setting]string // why a wish is not fulfilled
	left    []checks.Result    // what the mended tree gives
}

// maxRounds bounds how often what a change brings up is mended in turn.
const maxRounds = 8

// mend makes the changes that findings want until none is left. A change that does not read back as what was
// wanted is refused, and all begins anew without it.
func (m *mender) mend(ctx context.Context) error {
	for {
		m.texts = configfile.Texts{Read: m.original, Changed: map[string][]byte{}}
		m.done = map[setting]wish{}
		again, err := m.rounds(ctx)
		if err != nil || !again {
			return err
		}
	}
}

// rounds reports whether something was refused that had been done already.
func (m *mender) rounds(ctx context.Context) (again bool, err error) {
	for range maxRounds {
		tree, err := m.read(ctx)
		if err != nil {
			return false, err
		}
		m.left = m.judge(tree)
		if m.refuseUnread(tree) {
			return true, nil
		}
		news, again := m.wishes()
		if again || len(news) == 0 {
			return again, nil
		}
		for _, s := range news {
			w := m.done[s]
			if err := clusterNamed(tree, s.cluster).Change(m.texts, w.change); err != nil {
				m.refused[s] = err.Error()
				delete(m.done, s)
			}
		}
	}
	return false, nil
}

// read reads the tree with the changes that were made. What is wrong with it is told the first time.
func (m *mender) read(ctx context.Context) (*configfile.Tree, error) {
	e := m.e
	e.stdin = bytes.NewReader(m.stdin)
	files := *m.o.files
	if m.tree == nil {
		var err error
		m.tree, err = files.readFiles(ctx, e, m.o.verbose)
		return m.tree, err
	}
	tree, err := configfile.Read(ctx, files.options(e, m.texts.Changed))
	if err != nil {
		return nil, noAudit("%w", err)
	}
	return tree, nil
}

// original is the text of a file, as it was when it was first asked for.
func (m *mender) original(path string) ([]byte, error) {
	if path == "-" {
		return m.stdin, nil
	}
	if text, ok := m.found[path]; ok {
		return text, nil
	}
	text, err := os.ReadFile(filepath.FromSlash(path))
	if err == nil {
		m.found[path] = text
	}
	return text, err
}

func (m *mender) judge(tree *configfile.Tree) []checks.Result {
	a := auditOfFiles(m.o.files, tree, judgeFiles(tree, m.checks), time.Now())
	return m.decided.apply(m.o.scanOptions, a, tree).Results
}

// refuseUnread refuses what was written and does not read back, and reports whether there was such a thing.
func (m *mender) refuseUnread(tree *configfile.Tree) bool {
	found := false
	for s, w := range m.done {
		if !clusterNamed(tree, s.cluster).Has(w.change) {
			m.refused[s] = "it would not read back as it was meant"
			found = true
		}
	}
	return found
}

// wishes notes what findings want that was not done yet, and lists it. Two that want different things of one
// setting get neither: again is true where one of them had been fulfilled.
func (m *mender) wishes() (news []setting, again bool) {
	for _, r := range m.left {
		for _, v := range r.Verdicts {
			if !v.Active() {
				continue
			}
			for _, c := range v.Changes {
				s := setting{r.Cluster, c.Subject, c.Name}
				if _, no := m.refused[s]; no {
					continue
				}
				w, ok := m.done[s]
				change := configfile.Change{Subject: c.Subject, Name: c.Name, Value: c.Value, Remove: c.Remove}
				switch {
				case !ok:
					m.done[s] = wish{change, []string{r.Check.ID}}
					news = append(news, s)
				case w.change != change:
					m.refused[s] = fmt.Sprintf("%s wants %s, %s wants %s", strings.Join(w.checks, ", "), told(w.change), r.Check.ID, told(change))
					return nil, true
				case !slices.Contains(w.checks, r.Check.ID):
					w.checks = append(slices.Clip(w.checks), r.Check.ID)
					m.done[s] = w
				}
			}
		}
	}
	return news, false
}

// told is what a change wants, in a word.
func told(c configfile.Change) string {
	if c.Remove {
		return "no " + c.Name
	}
	return c.Name + "=" + c.Value
}

func clusterNamed(tree *configfile.Tree, name string) configfile.Cluster {
	for _, c := range tree.Clusters {
		if c.Name == name {
			return c
		}
	}
	return configfile.Cluster{Snapshot: treeSnapshot(tree)}
}

// outcome tells what is left, and is the exit status: with something to do, or something that could not be done.
func (m *mender) outcome(todo bool, failed int) error {
	m.tellRest()
	switch n := unread(m.tree); {
	case n > 0:
		return usage("%s of files could not be read, and may hide findings; each is named above", checks.Count(n, "part"))
	case failed > 0:
		return usage("%s could not be written; each is named above", checks.Count(failed, "file"))
	case todo, len(m.refused) > 0:
		return &exitError{code: exitFindings}
	}
	return nil
}

// tellRest lists the settings that were not touched, with what to do by hand, and the findings that no plain
// setting mends.
func (m *mender) tellRest() {
	byHand := map[setting]string{}
	var rest []string
	for _, r := range m.left {
		for _, v := range r.Verdicts {
			if !v.Active() {
				continue
			}
			refused := false
			for _, c := range v.Changes {
				s := setting{r.Cluster, c.Subject, c.Name}
				if _, no := m.refused[s]; no {
					refused, byHand[s] = true, v.Fix
				}
			}
			if !refused {
				rest = append(rest, fmt.Sprintf("  %s %s %s; %s explain %s", r.Check.ID, v.Subject, oneLine(v.Message), m.e.name, r.Check.ID))
			}
		}
	}
	for _, s := range sortedSettings(m.refused) {
		line := fmt.Sprintf("not touched: %s %s: %s", s.subject, s.name, m.refused[s])
		if fix := byHand[s]; fix != "" {
			line += "; by hand: " + fix
		}
		fmt.Fprintf(m.e.stderr, "kaudit: %s\n", oneLine(line))
	}
	if len(rest) > 0 {
		fmt.Fprintf(m.e.stderr, "kaudit: %s left, which no plain setting mends:\n%s\n", checks.Count(len(rest), "finding"), strings.Join(rest, "\n"))
	}
}

func sortedSettings[V any](m map[setting]V) []setting {
	var out []setting
	for s := range m {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b setting) int {
		return cmp.Or(cmp.Compare(a.cluster, b.cluster), cmp.Compare(a.subject, b.subject), cmp.Compare(a.name, b.name))
	})
	return out
}
