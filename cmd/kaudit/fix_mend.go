package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kaudit/kaudit/checks"
	"github.com/kaudit/kaudit/configfile"
)

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
	texts   *configfile.Texts
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
		m.texts = configfile.NewTexts(m.original)
		m.done = map[setting]wish{}
		again, err := m.rounds(ctx)
		if err != nil || !again {
			return err
		}
	}
}

// rounds reports whether something was refused that had been done already.
func (m *mender) rounds(ctx context.Context) (again bool, err error) {
	for n := 0; ; n++ {
		tree, err := m.read(ctx)
		if err != nil {
			return false, err
		}
		m.texts.Settle()
		m.left = m.judge(tree)
		if m.refuseUnread(tree) {
			return true, nil
		}
		news, again := m.wishes()
		if n == maxRounds { // what is still wanted is left
			for _, s := range slices.Concat(news...) {
				delete(m.done, s)
			}
			news = nil
		}
		if again || len(news) == 0 {
			return again, nil
		}
		for _, all := range news {
			m.change(clusterNamed(tree, all[0].cluster), all)
		}
	}
}

// change makes the changes of one finding, all of them or none: half of a renaming would lose the setting.
func (m *mender) change(c configfile.Cluster, all []setting) {
	before := m.texts.Clone()
	if m.rename(c, all) {
		return
	}
	for _, s := range all {
		err := c.Change(m.texts, m.done[s].change)
		if err == nil {
			continue
		}
		m.texts = before
		for _, other := range all {
			delete(m.done, other)
			m.refused[other] = together(s.name)
		}
		m.refused[s] = err.Error()
		return
	}
}

func together(name string) string { return "goes with " + name + ", which is not touched" }

// rename makes one change of two, where a setting takes the place of another: it then stays where that stood.
func (m *mender) rename(c configfile.Cluster, all []setting) bool {
	if len(all) != 2 {
		return false
	}
	gone, now := m.done[all[0]].change, m.done[all[1]].change
	if now.Remove {
		gone, now = now, gone
	}
	if !gone.Remove || now.Remove || gone.Subject != now.Subject {
		return false
	}
	now.Was = gone.Name
	return c.Change(m.texts, now) == nil
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

// wishes notes what findings want that was not done yet, and lists it, finding by finding. Two that want
// different things of one setting get neither. It reports as again that something is refused now that was done.
func (m *mender) wishes() (news [][]setting, again bool) {
	for _, r := range m.left {
		for _, v := range r.Verdicts {
			if !v.Active() {
				continue
			}
			mine, again := m.wish(r, v)
			if again {
				return nil, true
			}
			if len(mine) > 0 {
				news = append(news, mine)
			}
		}
	}
	return news, false
}

// wish notes what one finding wants.
func (m *mender) wish(r checks.Result, v checks.Verdict) (news []setting, again bool) {
	for _, c := range v.Changes {
		if _, no := m.refused[setting{r.Cluster, c.Subject, c.Name}]; no {
			return nil, m.refuseWhole(r, v, c.Name)
		}
	}
	for _, c := range v.Changes {
		s := setting{r.Cluster, c.Subject, c.Name}
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
	return news, false
}

// refuseWhole refuses what goes with a setting that is refused, and reports whether any of it was done.
func (m *mender) refuseWhole(r checks.Result, v checks.Verdict, name string) (done bool) {
	for _, c := range v.Changes {
		s := setting{r.Cluster, c.Subject, c.Name}
		if _, no := m.refused[s]; no {
			continue
		}
		m.refused[s] = together(name)
		if _, ok := m.done[s]; ok {
			done = true
		}
	}
	return done
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
