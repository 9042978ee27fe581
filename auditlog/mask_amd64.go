package auditlog

import "golang.org/x/sys/cpu"

// kernel fills the masks of a line, but for what is behind it, by the best that this processor has up to the given one.
// It says false where there is none, and of short lines.
func (m *masks) kernel(line []byte, upTo kernelKind) bool {
	if len(line) < 64 || upTo < kernelAVX2 || !cpu.X86.HasAVX2 || !cpu.X86.HasBMI2 {
		return false
	}
	// Processors from before VBMI2 have AVX-512 too, but slow down for it.
	if upTo >= kernelAVX512 && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VBMI2 {
		maskAVX512(&line[0], len(line), &m.quotes[0], &m.special[0], &m.odd[0])
	} else {
		maskAVX2(&line[0], len(line), &m.quotes[0], &m.special[0], &m.odd[0])
	}
	return true
}

// Both are in mask_amd64.s.

//go:noescape
func maskAVX2(line *byte, n int, quotes, special, odd *byte)

//go:noescape
func maskAVX512(line *byte, n int, quotes, special, odd *byte)
