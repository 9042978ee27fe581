package auditlog

import "golang.org/x/sys/cpu"

// kernel fills the masks of a line by AVX2, but for their end. It says false where there is no AVX2, and of short lines.
func (m *masks) kernel(line []byte) bool {
	if len(line) < 64 || !cpu.X86.HasAVX2 || !cpu.X86.HasBMI2 {
		return false
	}
	m.flags = maskAVX2(&line[0], len(line), &m.quotes[0], &m.special[0], &m.escaped[0])
	return true
}

// maskAVX2 is in mask_amd64.s.
//
//go:noescape
func maskAVX2(line *byte, n int, quotes, special, escaped *byte) maskFlags
