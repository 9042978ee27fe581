// Package evidence holds what one collection saw of a cluster: a typed snapshot, the gaps in it
// and where each value came from, with the pure parsers that fill it and its saved form.
// It talks to nothing and judges nothing.
package evidence
