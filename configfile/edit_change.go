package configfile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// A Change gives a setting of one subject of a cluster another value, or takes it out.
type Change struct {
	Subject string // "etcd/cp-1"
	Name    string // a flag without dashes, or the path of a field
	Value   string
	Remove  bool
	Was     string // the name of a setting that it takes the place of; "" for none
}

// Texts are those of files, by the paths that people name them with.
type Texts struct {
	Changed map[string][]byte // those that were edited
	read    func(path string) ([]byte, error)
	moved   map[string][]splice // since the clusters were read that changes are of
}

// NewTexts are those that a function reads.
func NewTexts(read func(path string) ([]byte, error)) *Texts {
	return &Texts{Changed: map[string][]byte{}, read: read, moved: map[string][]splice{}}
}

// Clone is a copy that is edited by itself.
func (t *Texts) Clone() *Texts {
	return &Texts{maps.Clone(t.Changed), t.read, maps.Clone(t.moved)}
}

// Settle is to be told when clusters were read from the texts as they are: what they say of lines is true again.
func (t *Texts) Settle() { t.moved = map[string][]splice{} }

// Change edits the files that set the setting: each place of it, or where none sets it the first of the places
// where it belongs. All of its places are edited, or none with the reason.
func (c Cluster) Change(t *Texts, ch Change) error {
	sites, exact, err := c.sites(ch)
	if err != nil {
		return err
	}
	after := t.Clone()
	edit := Edit{Name: ch.Name, Value: ch.Value, Was: ch.Was, Remove: ch.Remove, Exact: exact}
	if ch.Was != "" {
		if stands, err := after.editAll(sites, edit); err != nil || !stands {
			return cmp.Or(err, ErrAbsent)
		}
		edit.Was = ""
	}
	stands, err := after.editAll(sites, edit)
	if err == nil && !stands {
		if stands, err = after.editAll(c.wordsOf(ch), edit); err == nil && !stands {
			err = c.unset(ch)
		}
		if err == nil && !stands {
			edit.Add = true
			err = after.addFirst(sites, edit)
		}
	}
	if err == nil {
		*t = *after
	}
	return err
}

// editAll edits a setting wherever it stands, and reports whether it stands anywhere.
func (t *Texts) editAll(sites []Site, edit Edit) (stands bool, err error) {
	for _, site := range sites {
		switch err := t.edit(site, edit); {
		case errors.Is(err, ErrAbsent) || errors.Is(err, errNoField):
		case err != nil:
			return false, fmt.Errorf("%s: %w", place(site.Source), err)
		default:
			stands = true
		}
	}
	return stands, nil
}

// wordsOf are the lines of units and of their variables that set a setting, beside the command that takes it.
func (c Cluster) wordsOf(ch Change) []Site {
	var out []Site
	for _, p := range c.Processes {
		if p.Subject != ch.Subject || p.Dialect != "unit" && p.Dialect != "env" {
			continue
		}
		for _, v := range p.Flags.Values[ch.Name] {
			if v.Source.InFile() && v.Source.Line > 0 {
				out = append(out, Site{Form: Unit, Source: v.Source})
			}
		}
	}
	return out
}

// addFirst adds a setting to the first site that has a way to write it.
func (t *Texts) addFirst(sites []Site, edit Edit) error {
	for _, site := range sites {
		err := t.edit(site, edit)
		if errors.Is(err, errNoField) {
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", place(site.Source), err)
		}
		return nil
	}
	return errNoField
}

// edit makes an edit in the text that its file has by now.
func (t *Texts) edit(site Site, edit Edit) error {
	path := site.Source.From
	old, ok := t.Changed[path]
	if !ok {
		var err error
		if old, err = t.read(path); err != nil {
			return bare(err)
		}
	}
	for _, s := range t.moved[path] {
		site.Source.Line = s.shift(site.Source.Line)
	}
	edit.Site = site
	l, err := readLines(old)
	if err != nil {
		return err
	}
	if err := l.edit(edit); err != nil {
		return err
	}
	if now := l.bytes(); !bytes.Equal(now, old) {
		t.Changed[path] = now
		t.moved[path] = append(slices.Clip(t.moved[path]), l.made...)
	}
	return nil
}

// place is a place in a file as people write it.
func place(src evidence.Source) string {
	if src.Line == 0 {
		return src.From
	}
	return src.From + ":" + itoa(src.Line)
}

// isField tells the path of a field from the name of a flag.
func isField(name string) bool { return strings.ContainsAny(name, ".[ABCDEFGHIJKLMNOPQRSTUVWXYZ") }

// sites are the places of a setting: those of the process for a flag, the component's own configuration file for
// a field.
func (c Cluster) sites(ch Change) (sites []Site, exact bool, err error) {
	unknown := errors.New("its value is filled in by a template, or comes from elsewhere")
	d, src, hasDoc := c.document(ch.Subject)
	p := c.process(ch.Subject)
	if isField(ch.Name) || hasDoc && d.Has(ch.Name) && (p == nil || !p.Flags.Has(ch.Name)) {
		switch {
		case !hasDoc:
			return nil, false, errors.New("kaudit does not know which file has the field")
		case d.Fills(ch.Name), ch.Was != "" && d.Fills(ch.Was):
			return nil, false, unknown
		}
		return []Site{{Source: src, Form: Fields, Doc: anyDoc, Typed: true}}, false, nil
	}
	if p == nil {
		return nil, false, errors.New("kaudit does not know which file configures it")
	}
	if slices.Contains(p.Flags.Unknown, ch.Name) || slices.Contains(p.Flags.Unknown, ch.Was) {
		return nil, false, unknown
	}
	for _, site := range p.Sites {
		if site.Form != Fields || site.Fields != nil {
			sites = append(sites, site)
		}
	}
	if len(sites) == 0 && !p.Flags.Has(ch.Name) {
		return nil, false, errors.New("kaudit does not know where in its file flags belong")
	}
	return sites, strings.HasPrefix(p.Component, "etcd"), nil
}

func (c Cluster) process(subject string) *Process {
	i := slices.IndexFunc(c.Processes, func(p *Process) bool { return p.Subject == subject })
	if i < 0 {
		return nil
	}
	return c.Processes[i]
}

// document is the configuration file that a subject's settings stand in, and where that begins.
func (c Cluster) document(subject string) (evidence.Document, evidence.Source, bool) {
	s := c.Snapshot
	at := []evidence.Source{s.KubeletConfigs.Of(subject).Source, s.SchedulerConfig.Of(subject).Source}
	for o := range s.Documents.Seen() {
		if o.Of == subject || o.Source.InFile() && slices.Contains(at, o.Source) {
			return *o.Value, o.Source, true
		}
	}
	return evidence.Document{}, evidence.Source{}, false
}

// unset reports what is in the way of adding a setting that none of its places has.
func (c Cluster) unset(ch Change) error {
	if ch.Remove {
		return errors.New("it stands where kaudit cannot edit it")
	}
	if d, _, ok := c.document(ch.Subject); ok && isField(ch.Name) && d.Has(ch.Name) { // under a key with a dot
		return fmt.Errorf("it is set at %s, in a way that kaudit cannot edit", place(d.At(evidence.Source{}, ch.Name)))
	}
	if p := c.process(ch.Subject); p != nil && len(p.Flags.Values[ch.Name]) > 0 {
		return fmt.Errorf("it is set at %s, in a way that kaudit cannot edit", place(p.Flags.Values[ch.Name][0].Source))
	}
	return nil
}

// Has reports whether the files say of a setting what a change wanted.
func (c Cluster) Has(ch Change) bool {
	d, _, _ := c.document(ch.Subject)
	p := c.process(ch.Subject)
	field, inDoc := d.Fields[ch.Name]
	switch {
	case isField(ch.Name), inDoc && (p == nil || !p.Flags.Has(ch.Name)):
		return inDoc != ch.Remove && (ch.Remove || field.Value == ch.Value)
	case p == nil:
		return ch.Remove // it was the only setting
	case ch.Remove:
		return !p.Flags.Has(ch.Name)
	}
	set := p.Flags.Setting(ch.Name)
	return p.Flags.Has(ch.Name) && set.Value == ch.Value && set.Conflict == nil
}
