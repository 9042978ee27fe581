package main

import "runtime/debug"

// spareMemory makes this process small for a long reading, as it is run on control-plane nodes. What is in use is some
// megabytes for any log, and next to no garbage is made. So the collector, which slows a worker that it runs beside, may wait
// until there is more of it than the limit allows.
func spareMemory() {
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(36 << 20)
	forgetProgram()
	debug.FreeOSMemory()
}
