// Package collect fills a snapshot from a live cluster. It is the one package that talks to
// anything, and it only reads: every request goes through a guard that refuses whatever writes.
// It judges nothing; what it could not read is a gap in the snapshot, with the reason.
package collect
