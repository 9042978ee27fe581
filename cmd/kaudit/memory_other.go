//go:build !linux

package main

// forgetProgram is of use where memory is counted as Linux counts it.
func forgetProgram() {}
