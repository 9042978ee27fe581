package checks

import "github.com/kaudit/kaudit/evidence"

// Place is where in a file somebody would mend a finding, or accept it; false if nothing that it rests on
// is in a file. An observation in words with a line speaks of the setting itself, and one without words
// of what surrounds it: the container, the document. A file without a line comes last.
func (v Verdict) Place() (evidence.Source, bool) {
	best, rank := evidence.Source{}, 0
	for _, e := range v.Seen {
		if r := placeRank(e); r > rank {
			best, rank = e.Source, r
		}
	}
	return best, rank > 0
}

func placeRank(e Evidence) int {
	switch {
	case !e.Source.InFile() || e.Source.From == "":
		return 0
	case e.Source.Line <= 0:
		return 1
	case e.Detail == "":
		return 2
	}
	return 3
}
