package auditlog

import (
	"encoding/binary"
	"math/bits"
)

// Masks tell of each byte of a line, as one bit, what it takes to walk its strings without looking at each byte:
// byte i is bit i%64 of the little-endian word i/64.
//
//	quotes   a quote that no backslash escapes: where strings start and end
//	special  a quote, a backslash, or a byte that is not ASCII: where a string is no longer itself
//	escaped  what follows a backslash that is not itself escaped
//
// Behind the line, quotes and special are all ones for at least 64 bits, so that a search for either ends.
type masks struct {
	quotes, special, escaped []byte
	flags                    maskFlags
}

// A maskFlags says what a line has anywhere in it.
type maskFlags uint64

const (
	hasControl  maskFlags = 1 << iota // a byte below space
	hasNonASCII                       // a byte from 0x80 on
)

// build fills the masks for a line. Portable is the choice of a test: the masks are the same.
func (m *masks) build(line []byte, portable bool) {
	last := len(line) / 64 * 8 // the word that the line ends in, or would go on in
	m.grow(last + 24)
	if len(line)%64 == 0 {
		put(m.quotes, last, 0)
		put(m.special, last, 0)
		put(m.escaped, last, 0)
	}
	if portable || !m.kernel(line) {
		m.flags = 0
		var next uint64 // 1 if the last byte so far was a backslash that escapes what comes
		for i := 0; i < len(line); i += 64 {
			next = m.block(line[i:], i/8, next)
		}
	}
	behind := ^uint64(0) << (len(line) % 64)
	put(m.quotes, last, word(m.quotes, last)|behind)
	put(m.special, last, word(m.special, last)|behind)
	for i := last + 8; i < last+24; i += 8 {
		put(m.quotes, i, ^uint64(0))
		put(m.special, i, ^uint64(0))
	}
}

func (m *masks) grow(n int) {
	if len(m.quotes) >= n {
		return
	}
	n += n / 4
	m.quotes, m.special, m.escaped = make([]byte, n), make([]byte, n), make([]byte, n)
}

// block fills the masks of the first 64 bytes of b, which may have less, at offset at of the masks.
func (m *masks) block(b []byte, at int, next uint64) uint64 {
	var special, back, high uint64
	if len(b) < 64 {
		var padded [64]byte
		for i := range padded {
			padded[i] = ' '
		}
		copy(padded[:], b)
		b = padded[:]
	}
	control := uint64(0)
	for i := 0; i < 64; i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		q, bs, h := equal(x, '"'), equal(x, '\\'), x&eighths
		control |= ^(x | (x&^eighths + 0x60*ones))
		special |= bitsOf(q|bs|h) << i
		if bs|h != 0 {
			back |= bitsOf(bs) << i
			high |= bitsOf(h) << i
		}
	}
	if control&eighths != 0 {
		m.flags |= hasControl
	}
	if high != 0 {
		m.flags |= hasNonASCII
	}
	escaped, next := escapedBy(back, next)
	put(m.quotes, at, special&^(back|high|escaped))
	put(m.special, at, special)
	put(m.escaped, at, escaped)
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
	i := p>>3 + 8
	for ; word(mask, i) == 0; i += 8 {
	}
	return i*8 + bits.TrailingZeros64(word(mask, i))
}
