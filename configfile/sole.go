package configfile

import (
	"path"
	"strconv"
)

// different reports whether two pieces, each of which says what a whole control plane is, are of two clusters.
// Each machine of one may have a copy: they stand in directories of their own below one home, say the same
// endpoint, or the same name in one directory.
func different(a, b *piece) bool {
	switch {
	case a.endpoint != "" && a.endpoint == b.endpoint:
		return false
	case a.file.dir != b.file.dir || homeOf(a) != homeOf(b) || a.distribution != b.distribution:
		return true
	case path.Dir(a.file.rel) == path.Dir(b.file.rel):
		return a.cluster == "" || a.cluster != b.cluster
	}
	return false
}

// tellSolesApart splits what one key would unite where several control planes are described. Another piece goes
// to the only one of its file, else of its directory, else of its home; where it may be of several, it is of none.
func tellSolesApart(pieces []*piece, key func(int) string) func(int) string {
	classes := map[string][][]int{} // of pieces that describe one control plane, by key
	for i, p := range pieces {
		if !p.sole {
			continue
		}
		cs, found := classes[key(i)], false
		for k, c := range cs {
			if !different(pieces[c[0]], p) {
				cs[k], found = append(c, i), true
				break
			}
		}
		if !found {
			cs = append(cs, []int{i})
		}
		classes[key(i)] = cs
	}
	return func(i int) string {
		cs := classes[key(i)]
		if len(cs) < 2 {
			return ""
		}
		p := pieces[i]
		for _, near := range []func(o *piece) bool{
			func(o *piece) bool { return o == p },
			func(o *piece) bool { return o.file == p.file },
			func(o *piece) bool { return o.file.dir == p.file.dir && path.Dir(o.file.rel) == path.Dir(p.file.rel) },
			func(o *piece) bool { return o.file.dir == p.file.dir && homeOf(o) == homeOf(p) },
		} {
			at, n := 0, 0
			for k, c := range cs {
				for _, j := range c {
					if near(pieces[j]) {
						at, n = k, n+1
						break
					}
				}
			}
			switch {
			case n == 1:
				return " #" + strconv.Itoa(at)
			case n > 1:
				return " # of several"
			}
		}
		return " # of several"
	}
}
