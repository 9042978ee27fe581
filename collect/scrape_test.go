package collect

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kaudit/kaudit/evidence"
)

func TestSecondScrape(t *testing.T) {
	ca := newAuthority(t)
	for name, tc := range map[string]struct {
		second func(f *fakeAPIServer, w http.ResponseWriter) bool
		shared bool
		want   string // of NoSecond
	}{
		"as it should be": {func(*fakeAPIServer, http.ResponseWriter) bool { return false }, false, ""},
		"fails": {func(_ *fakeAPIServer, w http.ResponseWriter) bool {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}, false, "the second scrape failed: GET /metrics: 503 Service Unavailable"},
		"restarted":              {func(f *fakeAPIServer, _ http.ResponseWriter) bool { f.start = 200; return false }, false, ""},
		"start untold, balanced": {func(*fakeAPIServer, http.ResponseWriter) bool { return false }, true, "the server does not tell its start time: another instance may have answered the second scrape"},
		"another one, balanced":  {func(f *fakeAPIServer, _ http.ResponseWriter) bool { f.start = 200; return false }, true, "another instance answered the second scrape"},
	} {
		t.Run(name, func(t *testing.T) {
			start := 100.0
			if strings.HasPrefix(name, "start untold") {
				start = 0
			}
			f := ca.serve(t, start, "kubernetes")
			scrapes := 0
			f.handler = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == "/metrics" {
					scrapes++
				}
				return scrapes == 2 && tc.second(f, w)
			}
			c := clientOf(t, ca, f.URL, time.Millisecond)
			b := *c.home
			b.shared = tc.shared
			var first float64
			s, err := c.scrapeTwice(t.Context(), &b, "kube-apiserver", func(s *evidence.Scrape) { first = s.Start })
			if err != nil {
				t.Fatal(err)
			}
			if s.First.Start != start || first != start || s.NoSecond != tc.want || (s.Second == nil) != (tc.want != "") {
				t.Errorf("got first %v, shown %v, second %+v, %q, want the first one and %q", s.First.Start, first, s.Second, s.NoSecond, tc.want)
			}
		})
	}
}
