// Package checks holds what a check is, what it may say, and how a set of them is run against a
// snapshot. The checks themselves are in the folders below, by area. A check is a pure function:
// it knows no clock, no client and no other check.
package checks
