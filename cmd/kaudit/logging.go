package main

import (
	"context"
	"io"
	"log"
	"log/slog"

	"k8s.io/klog/v2"
)

// newLogger writes to standard error what -v asks for: warnings, with one -v what was tried, with
// two everything.
func newLogger(w io.Writer, verbose int) *slog.Logger {
	level := slog.LevelWarn
	switch {
	case verbose == 1:
		level = slog.LevelInfo
	case verbose > 1:
		level = slog.LevelDebug
	}
	h := slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})
	quietLibraries(h)
	return slog.New(h)
}

// quietLibraries sends what the Kubernetes libraries and net/http log on their own to the same place,
// two steps less loud: the report tells what matters of it, as a gap.
func quietLibraries(h slog.Handler) {
	quiet := quieter{h}
	klog.SetSlogLogger(slog.New(quiet))
	log.SetFlags(0)
	log.SetOutput(slog.NewLogLogger(quiet, slog.LevelWarn).Writer())
}

// quieter turns an error into information and a warning into detail.
type quieter struct{ slog.Handler }

func (q quieter) Enabled(ctx context.Context, l slog.Level) bool {
	return q.Handler.Enabled(ctx, softer(l))
}

func (q quieter) Handle(ctx context.Context, r slog.Record) error {
	r.Level = softer(r.Level)
	if !q.Handler.Enabled(ctx, r.Level) { // logr hands on errors without asking
		return nil
	}
	return q.Handler.Handle(ctx, r)
}

func (q quieter) WithAttrs(as []slog.Attr) slog.Handler { return quieter{q.Handler.WithAttrs(as)} }

func (q quieter) WithGroup(name string) slog.Handler { return quieter{q.Handler.WithGroup(name)} }

func softer(l slog.Level) slog.Level { return l - (slog.LevelError - slog.LevelInfo) }
