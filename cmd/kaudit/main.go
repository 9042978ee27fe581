// Kaudit audits the control plane of a Kubernetes cluster for scale and reliability. This package
// holds the commands, their flags, the catalogue of checks and the exit status; it judges nothing.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	asVettool(os.Args)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	os.Exit(run(ctx, os.Args, env{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv}))
}
