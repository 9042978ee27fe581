// Command nsinit is the first process of the kubeadm cluster's namespaces: it buries whoever dies in
// there, and when it is killed the kernel ends all the rest, so no container outlives a test.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	c := make(chan os.Signal, 16)
	signal.Notify(c, syscall.SIGCHLD, syscall.SIGTERM)
	for s := range c {
		if s == syscall.SIGTERM {
			return
		}
		for {
			// Ends with ECHILD or with nobody left to bury; either way there is nothing to do until the next signal.
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
				break
			}
		}
	}
}
