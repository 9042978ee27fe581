package collect

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

// dumping answers with a recorded dump, as many times as wanted, then with the status.
func dumping(t *testing.T, times, status int) func(http.ResponseWriter, *http.Request) bool {
	t.Helper()
	text, err := os.ReadFile("../testdata/apf/dump_requests-1.37.2.txt")
	if err != nil {
		t.Fatal(err)
	}
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != evidence.DumpPath {
			return false
		}
		if r.URL.RawQuery != "includeRequestDetails=1" {
			t.Errorf("got the query %q, want details", r.URL.RawQuery)
		}
		if times--; times < 0 {
			http.Error(w, "no", status)
			return true
		}
		w.Header().Set("Date", "Wed, 25 Nov 2026 14:33:39 GMT")
		_, _ = w.Write(text)
		return true
	}
}

func TestRequestsUnderWay(t *testing.T) {
	ca := newAuthority(t)
	for name, tc := range map[string]struct {
		window        time.Duration
		times, status int
		moments       int
		why           evidence.Why
	}{
		"two moments":          {time.Millisecond, 2, 0, 2, ""},
		"one scrape":           {0, 2, 0, 1, ""},
		"the second one fails": {time.Millisecond, 1, 500, 1, ""},
		"not permitted":        {time.Millisecond, 0, 403, 0, evidence.Forbidden},
		"fairness is off":      {time.Millisecond, 0, 404, 0, evidence.Unserved},
	} {
		t.Run(name, func(t *testing.T) {
			f := ca.serve(t, 100.25, "kubernetes")
			f.handler = dumping(t, tc.times, tc.status)
			in := serving("cp-1", f)
			clientOf(t, ca, f.URL, tc.window).readInstance(t.Context(), in, nil)
			if !in.metrics.Seen() || !in.flagz.Seen() {
				t.Errorf("got metrics %+v and flags %+v, want both whatever comes of the dump", in.metrics.Gap, in.flagz.Gap)
			}
			o := in.inFlight
			if o.Of != "kube-apiserver/cp-1" || o.Seen() != (tc.moments > 0) {
				t.Fatalf("got %+v, want %d moments of cp-1", o, tc.moments)
			}
			if !o.Seen() {
				if o.Gap.Why != tc.why || tc.why == evidence.Forbidden && !strings.Contains(o.Gap.Unlock, "get "+evidence.DumpPath+" (a non-resource URL)") {
					t.Errorf("got gap %+v, want %s", o.Gap, tc.why)
				}
				return
			}
			if n := len(o.Value.Dumps); n != tc.moments || o.Value.Dumps[0].Waiting != 17 {
				t.Errorf("got %d moments, want %d: %+v", n, tc.moments, o.Value)
			}
		})
	}
}

func TestTheMomentOfADump(t *testing.T) {
	youngest := time.Date(2026, 11, 25, 14, 33, 39, 600, time.UTC)
	for date, want := range map[string]time.Time{
		"":                              youngest,
		"Wed, 25 Nov 2026 14:33:39 GMT": youngest, // of whole seconds
		"Wed, 25 Nov 2026 14:33:45 GMT": time.Date(2026, 11, 25, 14, 33, 45, 0, time.UTC),
		"Wed, 25 Nov 2026 14:33:30 GMT": time.Date(2026, 11, 25, 14, 33, 30, 0, time.UTC), // a row that is made up
	} {
		if got := later(youngest, http.Header{"Date": {date}}); !got.Equal(want) {
			t.Errorf("answered %q: got %s, want %s", date, got, want)
		}
	}
}
