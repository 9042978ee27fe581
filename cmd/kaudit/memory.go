package main

import "runtime/debug"

// gcPercent is how much garbage there may be beside what is in use. Logs are read with next to none, so that the
// collector running more often costs nothing.
const gcPercent = 50

// spareMemory makes this process small for a long reading: it is run on control-plane nodes.
func spareMemory() {
	debug.SetGCPercent(gcPercent)
	forgetProgram()
	debug.FreeOSMemory()
}
