package auditgen

import "math/rand/v2"

// A queue of stages, the first in time first: a binary heap.
type queue []waiting

type waiting struct {
	request

	seq uint64 // of two at the same time, which was first
}

func (w *waiting) before(o *waiting) bool {
	return w.at < o.at || w.at == o.at && w.seq < o.seq
}

func (q *queue) at() int64 { return (*q)[0].at }

func (q *queue) push(r request, seq uint64) {
	*q = append(*q, waiting{r, seq})
	h := *q
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if !h[i].before(&h[up]) {
			break
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
}

func (q *queue) pop() request {
	h := *q
	first := h[0].request
	last := len(h) - 1
	h[0] = h[last]
	h = h[:last]
	for i := 0; ; {
		down := 2*i + 1
		if down >= last {
			break
		}
		if down+1 < last && h[down+1].before(&h[down]) {
			down++
		}
		if !h[down].before(&h[i]) {
			break
		}
		h[i], h[down] = h[down], h[i]
		i = down
	}
	*q = h
	return first
}

// alias picks one of many by their shares in constant time: Walker's and Vose's method.
type alias struct {
	keep  []float64
	other []int
}

func newAlias(shares []float64) alias {
	n := len(shares)
	var sum float64
	for _, s := range shares {
		sum += s
	}
	a := alias{make([]float64, n), make([]int, n)}
	var small, large []int
	for i, s := range shares {
		a.keep[i] = s * float64(n) / sum
		if a.keep[i] < 1 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		a.other[s] = l
		if a.keep[l] -= 1 - a.keep[s]; a.keep[l] < 1 {
			large, small = large[:len(large)-1], append(small, l)
		}
	}
	for _, i := range append(small, large...) {
		a.keep[i] = 1
	}
	return a
}

func (a alias) pick(r *rand.Rand) int {
	i := r.IntN(len(a.keep))
	if r.Float64() < a.keep[i] {
		return i
	}
	return a.other[i]
}
