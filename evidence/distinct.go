package evidence

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
)

// MarshalText writes 16 hexadecimal digits.
func (h Hash) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%016x", uint64(h)), nil }

// UnmarshalText reads them.
func (h *Hash) UnmarshalText(text []byte) error {
	var b [8]byte
	if _, err := hex.Decode(b[:], text[:min(len(text), 2*len(b))]); err != nil || len(text) != 2*len(b) {
		return fmt.Errorf("hash %.20q: want 16 hexadecimal digits", text)
	}
	*h = Hash(binary.BigEndian.Uint64(b[:]))
	return nil
}

// HashName is the hash by which a Distinct tells names apart: 64 bit FNV-1a, its bits mixed by the
// finaliser of MurmurHash3. It is the same on every machine, so that parts merge.
func HashName[T string | []byte](name T) Hash {
	h := uint64(14695981039346656037)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return Hash(h ^ h>>33)
}

// Add counts a name, unless it was seen before.
func (d *Distinct) Add(name string) { d.AddHash(HashName(name)) }

// AddHash counts a name by its hash.
func (d *Distinct) AddHash(h Hash) {
	full := len(d.Hashes) == DistinctExact
	if full && h > d.Hashes[DistinctExact-1] {
		d.More = true
		return
	}
	i, have := slices.BinarySearch(d.Hashes, h)
	if have {
		return
	}
	if full {
		d.Hashes, d.More = d.Hashes[:DistinctExact-1], true
	}
	d.Hashes = slices.Insert(d.Hashes, i, h)
}

// Merge adds the names that another saw.
func (d *Distinct) Merge(o Distinct) {
	for _, h := range o.Hashes {
		d.AddHash(h)
	}
	d.More = d.More || o.More
}

// Count is how many names there were: exactly if More is false, else about so many.
func (d Distinct) Count() int64 {
	if !d.More || len(d.Hashes) == 0 {
		return int64(len(d.Hashes))
	}
	last := float64(d.Hashes[len(d.Hashes)-1]) / math.MaxUint64
	return max(int64(len(d.Hashes)), int64(float64(len(d.Hashes)-1)/last))
}
