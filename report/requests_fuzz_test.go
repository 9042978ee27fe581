package report

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/kaudit/kaudit/evidence"
	"github.com/kaudit/kaudit/requests"
)

// FuzzReadRequests merges, judges and writes whatever passes for a report: none may end the program.
func FuzzReadRequests(f *testing.F) {
	var whole bytes.Buffer
	if err := requestsJSON(&whole, askedReport(), Options{}); err != nil {
		f.Fatal(err)
	}
	f.Add(whole.String())
	f.Add(`{"apiVersion":"kaudit.dev/v1","kind":"RequestReport","lists":{},"clients":[{"verb":"list","timeline":{"width":1000000000,"first":-9,"counts":[1]}}]}`)
	f.Add(`{"apiVersion":"kaudit.dev/v1","kind":"RequestReport","from":"9999-12-31T23:59:59Z","to":"0001-01-02T00:00:00Z","lists":{"total":-1},"clients":[{"verb":"watch","count":0}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		parts, err := ReadRequests(strings.NewReader(text))
		if err != nil {
			return
		}
		all := &evidence.Requests{}
		for i := range parts {
			all.Merge(&parts[i].Requests)
			all.Merge(&parts[i].Requests)
		}
		r := RequestReport{Requests: all, Report: requests.Judge(all, requests.Options{Server: parts[0].Server, Objects: parts[0].Objects}), Top: 2}
		for _, format := range RequestFormats() {
			if err := format.Write(io.Discard, r, Options{Width: 80}); err != nil {
				t.Errorf("%s: %v", format.Name, err)
			}
		}
	})
}
