package checks

import "strings"

// Nearest is the known name that a typing mistake most likely stands for; "" if none is close: a
// third of its letters may be wrong, and in a short name two that changed places.
func Nearest(name string, known []string) string {
	best, at := "", max(len(name)/3+1, min(3, len(name)-1))
	for _, k := range known {
		if strings.EqualFold(name, k) {
			return k
		}
		if len(name)-len(k) >= at || len(k)-len(name) >= at {
			continue // as many letters at least would have to go or come
		}
		if d := Distance(name, k); d < at {
			best, at = k, d
		}
	}
	return best
}

// Distance is Levenshtein's: the insertions, deletions and replacements that turn a into b.
func Distance(a, b string) int {
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
