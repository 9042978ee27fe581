package requests

import "github.com/kaudit/kaudit/evidence"

// advise says what a client could do, or why it is well as it is.
func advise(c *evidence.Client, j *Judgement, o Options) (normal string, advice []Advice) {
	return "", nil
}

// notes are what limits a report.
func notes(r *evidence.Requests, o Options) []string { return nil }
