package configfile

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/kaudit/kaudit/evidence"
)

// join puts together what several files of a cluster say of one process: a unit with its drop-ins and its files
// of variables, an etcd with its configuration file.
func (g *group) join() {
	g.joinParts()
	g.joinUnits()
	g.joinSuites()
	g.joinEtcdFiles()
	g.joinFlagz()
	g.joinSettings()
}

// systemdDir is where units lie on a machine: below it the directories of one machine belong together.
var systemdDir = regexp.MustCompile(`(^|/)((usr/)?(local/)?(lib|etc|run)/)?(systemd/)?(system/)?([^/]+\.service\.d)?$`)

// machine is the directory that stands for the machine of a unit's file.
func machine(f *file) string { return systemdDir.ReplaceAllString(path.Dir(f.rel), "") }

// nearness is how many directories two files have in common, from the root.
func nearness(a, b *file) int {
	as, bs := strings.Split(path.Dir(a.rel), "/"), strings.Split(path.Dir(b.rel), "/")
	n := 0
	for n < len(as) && n < len(bs) && as[n] == bs[n] {
		n++
	}
	return n
}

// nearest are those pieces that have most directories in common with a file.
func nearest(to *file, ps []*piece) []*piece {
	var out []*piece
	best := -1
	for _, p := range ps {
		switch n := nearness(to, p.file); {
		case p.file.dir != to.dir:
		case n > best:
			best, out = n, []*piece{p}
		case n == best:
			out = append(out, p)
		}
	}
	return out
}

func (g *group) joinUnits() {
	var bases, dropIns, envs []*piece
	for _, p := range g.pieces {
		switch {
		case p.env != nil:
			envs = append(envs, p)
		case p.unit != nil && p.unit.dropIn:
			dropIns = append(dropIns, p)
		case p.unit != nil:
			bases = append(bases, p)
		}
	}
	changes := map[*piece][]*piece{}
	for _, d := range dropIns {
		same := slices.DeleteFunc(slices.Clone(bases), func(b *piece) bool { return b.unit.name != d.unit.name })
		if on := nearest(d.file, same); len(on) > 0 {
			d.processes = nil
			for _, b := range on {
				changes[b] = append(changes[b], d)
			}
		} else { // the unit itself is not among the files
			bases = append(bases, d)
		}
	}
	for _, b := range bases {
		b.processes = nil
		for _, set := range variants(changes[b]) {
			b.processes = append(b.processes, b.start(set, envs)...)
		}
	}
	for _, e := range envs {
		if e.env.used {
			e.processes = nil
		}
	}
}

// variants tells the drop-ins of several machines apart, which one unit is shared by.
func variants(dropIns []*piece) [][]*piece {
	if len(dropIns) == 0 {
		return [][]*piece{nil}
	}
	byMachine := map[string]int{}
	var out [][]*piece
	for _, d := range dropIns {
		i, ok := byMachine[machine(d.file)]
		if !ok {
			i = len(out)
			byMachine[machine(d.file)], out = i, append(out, nil)
		}
		out[i] = append(out[i], d)
	}
	for _, set := range out {
		slices.SortStableFunc(set, func(a, b *piece) int { return strings.Compare(path.Base(a.file.rel), path.Base(b.file.rel)) })
	}
	return out
}

// start reads a unit with its drop-ins and variables. Where several machines' files of variables are as near,
// it is started once with each.
func (p *piece) start(dropIns, envs []*piece) []*Process {
	s := startedBy{unit: p.unit, settings: p.unit.settings}
	at := p.file
	for _, d := range dropIns {
		s.settings = append(slices.Clip(s.settings), d.unit.settings...)
		at = d.file
	}
	var several []*piece
	for _, name := range envNames(s.settings) {
		same := slices.DeleteFunc(slices.Clone(envs), func(e *piece) bool { return path.Base(e.file.rel) != path.Base(name) })
		switch found := nearest(at, same); {
		case len(found) == 1:
			found[0].env.used = true
			s.envs = append(s.envs, found[0].env)
		case len(found) > 1 && several == nil:
			several = found
		default:
			s.missing = append(s.missing, name)
		}
	}
	if several == nil {
		return nameAfter(s.processes(), at)
	}
	var out []*Process
	for _, e := range several {
		one := s
		one.envs = append(slices.Clip(s.envs), e.env)
		e.env.used = true
		out = append(out, nameAfter(one.processes(), e.file)...)
	}
	return out
}

// nameAfter calls processes of a unit by the machine that a file is of.
func nameAfter(ps []*Process, at *file) []*Process {
	for _, p := range ps {
		if p.name == "" || p.name == "default" {
			p.name = nameOf(p, &file{rel: path.Join(path.Dir(at.rel), p.Component), rootDir: at.rootDir})
		}
	}
	return ps
}

// joinEtcdFiles gives the processes that take --config-file what the file says. One file may be that of several
// processes; where a process stands for several files, each of them is a member.
func (g *group) joinEtcdFiles() {
	var files []*piece
	for _, p := range g.pieces {
		if p.etcdFile != nil {
			files = append(files, p)
		}
	}
	joined := map[*piece]bool{}
	for _, p := range g.pieces {
		if p.etcdFile != nil || len(files) == 0 {
			continue
		}
		p.processes = slices.DeleteFunc(p.processes, func(proc *Process) bool {
			name := path.Base(known(proc.Flags.Setting("config-file")))
			same := slices.DeleteFunc(slices.Clone(files), func(f *piece) bool { return path.Base(f.file.rel) != name })
			found := nearest(p.file, same)
			if len(found) == 1 {
				proc.takeFile(found[0])
				joined[found[0]] = true
			}
			for _, f := range found {
				f.etcdFile.Flags.Version = proc.Flags.Version
			}
			return len(found) > 1
		})
	}
	for f := range joined {
		f.processes = nil
	}
}

// takeFile makes the settings of etcd's configuration file those of the process: it looks at nothing else.
func (p *Process) takeFile(f *piece) {
	from := f.etcdFile
	values := map[string][]evidence.FlagValue{"config-file": p.Flags.Values["config-file"]}
	maps.Copy(values, from.Flags.Values)
	p.Flags.Values, p.Flags.Unknown = values, from.Flags.Unknown
	p.Flags.Opaque, p.Flags.Read, p.Flags.From = from.Flags.Opaque, from.Flags.Read, from.Flags.From
	p.Sites = from.Sites
	if from.name != "" {
		p.name = from.name
	}
	f.runBy = p
}
