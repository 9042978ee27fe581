package main

import (
	"fmt"
	"strings"
)

// noSuch says that a name is none, which one was probably meant, and where all of them stand.
func noSuch(what, name string, known []string, list string) error {
	if near := nearest(name, known); near != "" {
		return usage("no %s %q; did you mean %s? %s", what, name, near, list)
	}
	return usage("no %s %q; %s", what, name, list)
}

// noCheck is noSuch for the id of a check.
func noCheck(e env, name string, known []string) error {
	return noSuch("check", name, known, fmt.Sprintf("%s checks lists them all", e.name))
}

// nearest is the known name that a typing mistake most likely stands for; "" if none is close: a
// third of its letters may be wrong, and in a short name two that changed places.
func nearest(name string, known []string) string {
	best, at := "", max(len(name)/3+1, min(3, len(name)-1))
	for _, k := range known {
		if strings.EqualFold(name, k) {
			return k
		}
		if d := distance(name, k); d < at {
			best, at = k, d
		}
	}
	return best
}

// distance is Levenshtein's: the insertions, deletions and replacements that turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
