package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/kaudit/kaudit/evidence"
)

// gapOf turns the failure of a request, or of reading its answer, into the reason why there is no value.
func gapOf(err error, r request) evidence.Gap {
	if step, ok := errors.AsType[*stepError](err); ok {
		return gapOf(step.err, step.request)
	}
	if se, ok := errors.AsType[*statusError](err); ok {
		return gapOfStatus(se, r)
	}
	if lost, ok := errors.AsType[*tunnelError](err); ok {
		return evidence.Gap{Why: evidence.Unreachable, Note: lost.Error()}
	}
	if cut, ok := errors.AsType[*cutError](err); ok {
		return evidence.Gap{Why: evidence.Unreachable, Note: fmt.Sprintf("GET %s: %s", r.Path, cut)}
	}
	return evidence.Gap{
		Why:  evidence.Malformed,
		Note: fmt.Sprintf("GET %s answered something that could not be read: %s", r.Path, oneLine(err.Error())),
	}
}

func gapOfStatus(e *statusError, r request) evidence.Gap {
	g := evidence.Gap{Note: fmt.Sprintf("GET %s: %s", r.Path, e)}
	switch e.code {
	case http.StatusUnauthorized:
		g.Why = evidence.Forbidden
		g.Note = fmt.Sprintf("GET %s: the credentials were not accepted (401)", r.Path)
		g.Unlock = "credentials that the server accepts"
	case http.StatusForbidden:
		g.Why = evidence.Forbidden
		g.Note = fmt.Sprintf("may not %s (403)", permission(r))
		g.Unlock = grant(permission(r))
	case http.StatusNotFound, http.StatusNotAcceptable, http.StatusMethodNotAllowed:
		g.Why = evidence.Unserved
		g.Note = fmt.Sprintf("GET %s is not served here (%d)", r.Path, e.code)
	default:
		g.Why = evidence.Unreachable
	}
	return g
}

func permission(r request) string {
	if r.Permission != "" {
		return r.Permission
	}
	return "get " + r.Path
}

func grant(permission string) string {
	return fmt.Sprintf("permission to %s; grant it: kaudit rbac | kubectl apply -f -", permission)
}

// cutError is a failure to reach a server or to read its answer to the end, as opposed to an
// answer that makes no sense.
type cutError struct{ err error }

func (e *cutError) Unwrap() error { return e.err }

func (e *cutError) Error() string {
	switch {
	case errors.Is(e.err, context.Canceled):
		return "the audit was stopped"
	case errors.Is(e.err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.Is(e.err, io.EOF), errors.Is(e.err, io.ErrUnexpectedEOF):
		return "the connection ended early"
	}
	return oneLine(e.err.Error())
}

// stepError is the failure of another request, which had to come first: the opening of a port-forward.
type stepError struct {
	request request
	err     error
}

func (e *stepError) Error() string { return fmt.Sprintf("GET %s: %s", e.request.Path, e.err) }
