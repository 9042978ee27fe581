package auditlog

import "bytes"

// A batch scans many lines that lie one behind the other: faster than scan, which has to be told where each ends.
type batch struct {
	scanner
	rest  []byte // what is to be scanned, from the block on
	block []byte // the part of rest that has masks, short enough that a processor holds all of it close by
	at    int    // where in block the next line starts
}

// blockSize is such that a block and its masks leave room in a first-level cache of 32 KiB.
const blockSize = 16 << 10

// begin takes lines, of which the last one need not have a line feed. They may not change until next said false.
func (b *batch) begin(lines []byte) {
	b.rest, b.block, b.at = lines, nil, 0
	b.more()
}

// next scans the next line into e, as scan does, and gives it without its line feed. Behind the last it says false.
func (b *batch) next(e *event) (line []byte, ok bool, err error) {
	for {
		b.line = b.block
		end, valid, control := b.survey(b.at, true)
		if end == len(b.block) && len(b.block) < len(b.rest) { // the line goes on
			b.more()
			continue
		}
		if b.at >= len(b.rest) {
			return nil, false, nil
		}
		start := b.at
		b.at = end + 1
		line, b.line = b.block[start:end:end], b.block[:end]
		if valid && b.fast(start, control, e) {
			return line, true, nil
		}
		b.slow++
		return line, true, b.slowly(line, e)
	}
}

// more makes masks for a block that starts where the next line does, and goes to the end of that if it is a long one.
func (b *batch) more() {
	size := blockSize
	if b.at == 0 && len(b.block) > 0 { // no line ends in the block
		size = len(b.rest)
		if i := bytes.IndexByte(b.rest[len(b.block):], '\n'); i >= 0 {
			size = len(b.block) + i + 1
		}
	}
	b.rest, b.at = b.rest[min(b.at, len(b.rest)):], 0
	b.block = b.rest[:min(size, len(b.rest))]
	b.build(b.block, kernelBest-b.below)
}
