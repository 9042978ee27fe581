package auditlog

import (
	"encoding/binary"
	"math/bits"
)

// Masks tell of each byte, as one bit, what it takes to walk the lines and their strings without looking at each byte:
// byte i is bit i%64 of the little-endian word i/64.
//
//	quotes   a quote that no backslash escapes: where strings start and end
//	special  a quote, a backslash, or a byte that is not ASCII: where a string is no longer itself
//	odd      a byte below space, or what follows a backslash that is not itself escaped
//
// Behind the bytes all are ones for at least 64 bits, so that a search ends.
type masks struct {
	quotes, special, odd []byte
}

// A kernelKind says what makes the masks. They are the same.
type kernelKind uint8

const (
	kernelGo kernelKind = iota
	kernelAVX2
	kernelAVX512
	kernelBest = kernelAVX512
)

// build fills the masks for b, by no kernel better than the given one.
func (m *masks) build(b []byte, upTo kernelKind) {
	last := len(b) / 64 * 8 // the word that b ends in, or would go on in
	m.grow(last + 24)
	put(m.quotes, last, 0)
	put(m.special, last, 0)
	put(m.odd, last, 0)
	if !m.kernel(b, upTo) {
		var next uint64 // 1 if the last byte so far was a backslash that escapes what comes
		for i := 0; i < len(b); i += 64 {
			next = m.block(b[i:], i/8, next)
		}
	}
	behind := ^uint64(0) << (len(b) % 64)
	for _, mask := range [...][]byte{m.quotes, m.special, m.odd} {
		put(mask, last, word(mask, last)|behind)
		put(mask, last+8, ^uint64(0))
		put(mask, last+16, ^uint64(0))
	}
}

func (m *masks) grow(n int) {
	if len(m.quotes) >= n {
		return
	}
	n += n / 4
	m.quotes, m.special, m.odd = make([]byte, n), make([]byte, n), make([]byte, n)
}

// block fills the masks of the first 64 bytes of b, which may have less, at offset at of the masks.
func (m *masks) block(b []byte, at int, next uint64) uint64 {
	var special, back, high, control uint64
	if len(b) < 64 {
		var padded [64]byte
		for i := range padded {
			padded[i] = ' '
		}
		copy(padded[:], b)
		b = padded[:]
	}
	for i := 0; i < 64; i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		q, bs, h := equal(x, '"'), equal(x, '\\'), x&eighths
		special |= bitsOf(q|bs|h) << i
		if bs|h != 0 {
			back |= bitsOf(bs) << i
			high |= bitsOf(h) << i
		}
		if c := ^(x | (x&^eighths + 0x60*ones)) & eighths; c != 0 {
			control |= bitsOf(c) << i
		}
	}
	escaped, next := escapedBy(back, next)
	put(m.quotes, at, special&^(back|high|escaped))
	put(m.special, at, special)
	put(m.odd, at, escaped|control)
	return next
}

// escapedBy gives what backslashes escape, as 64 bits of each, and whether the first byte after them is escaped:
// https://github.com/simdjson/simdjson/blob/master/src/generic/stage1/json_escape_scanner.h
func escapedBy(back, next uint64) (escaped, nextEscaped uint64) {
	const odd = 0xaaaaaaaaaaaaaaaa
	escapes := back &^ next // without what is certainly escaped
	code := ((escapes<<1 | odd) - escapes) ^ odd
	return code ^ (back | next), code & back >> 63
}

const (
	ones    = 0x0101010101010101
	eighths = 0x8080808080808080
)

// equal has the eighth bit of each byte of x that is c.
func equal(x uint64, c byte) uint64 {
	x ^= uint64(c) * ones
	return ^(x | (x&^eighths + 0x7f*ones)) & eighths
}

// bitsOf gathers the eighth bits of eight bytes into one.
func bitsOf(x uint64) uint64 { return x >> 7 * 0x0102040810204080 >> 56 }

func word(mask []byte, i int) uint64 { return binary.LittleEndian.Uint64(mask[i:]) }

func put(mask []byte, i int, w uint64) { binary.LittleEndian.PutUint64(mask[i:], w) }

// window is a mask from bit p on: at least 57 bits of it.
func window(mask []byte, p int) uint64 { return binary.LittleEndian.Uint64(mask[p>>3:]) >> (p & 7) }

// next is the first set bit of a mask from bit p on. There is one: the masks searched are all ones behind the line.
func next(mask []byte, p int) int {
	if w := window(mask, p); w != 0 {
		return p + bits.TrailingZeros64(w)
	}
	for i := p>>3 + 8; ; i += 8 {
		if w := word(mask, i); w != 0 {
			return i*8 + bits.TrailingZeros64(w)
		}
	}
}
