package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/kaudit/kaudit/evidence"
	"github.com/kaudit/kaudit/requests"
)

// requestDocument is the JSON of a RequestReport: fields are added, never renamed or removed. All of
// evidence.Requests is in it, so that reports merge without loss; clients have their judgement beside.
type requestDocument struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Kaudit     kauditJSON      `json:"kaudit"`
	Filters    *RequestFilters `json:"filters,omitempty"`
	CutTo      int             `json:"cutTo,omitempty"` // --top: the requests of other clients are among the others
	Server     requests.Server `json:"server"`
	// Objects are the counts that costs and ranks were estimated by.
	Objects map[string]float64 `json:"objects,omitempty"`
	Window  time.Duration      `json:"window"` // nanoseconds
	Cost    requests.Cost      `json:"cost,omitzero"`
	Notes   []string           `json:"notes,omitempty"`
	evidence.Requests
	Clients []requests.Judged `json:"clients"` // instead of those of Requests; worst first
}

const requestKind = "RequestReport"

func requestDocumentOf(r RequestReport) requestDocument {
	whole := len(r.Clients)
	r = r.cut()
	d := requestDocument{
		APIVersion: apiVersion, Kind: requestKind, Kaudit: kauditJSON{r.Kaudit}, Server: r.Server,
		Window: r.Window, Cost: r.Cost, Notes: r.Notes, Requests: *r.Requests, Clients: r.Clients,
	}
	if r.Filters != (RequestFilters{}) {
		d.Filters = &r.Filters
	}
	if len(r.Clients) < whole {
		d.CutTo = len(r.Clients)
	}
	counted := []string{"namespaces", "nodes"} // how LISTs of one namespace rank, and who is one of every node
	for _, c := range r.Clients {
		counted = append(counted, c.GroupResource())
	}
	for _, name := range counted {
		if n, ok := r.Objects[name]; ok {
			if d.Objects == nil {
				d.Objects = map[string]float64{}
			}
			d.Objects[name] = n
		}
	}
	return d
}

// requestsJSON writes a line for each field and one for each client: there may be thousands, with
// histograms. It cleans nothing, or what it writes would not merge, but escapes all that a terminal
// would obey.
func requestsJSON(w io.Writer, r RequestReport, _ Options) error {
	d := requestDocumentOf(r)
	clients := d.Clients
	d.Clients = nil
	head, err := compact(d)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	dec := json.NewDecoder(bytes.NewReader(head))
	_, err = dec.Token() // the opening brace
	for sep := "{\n"; err == nil && dec.More(); sep = ",\n" {
		var key json.Token
		var value json.RawMessage
		if key, err = dec.Token(); err != nil {
			break
		}
		if err = dec.Decode(&value); err != nil {
			break
		}
		fmt.Fprintf(b, "%s  %q: ", sep, key)
		if key != "clients" {
			fmt.Fprintf(b, "%s", printable(value))
			continue
		}
		err = writeClients(b, clients)
	}
	if err != nil {
		return err
	}
	fmt.Fprint(b, "\n}\n")
	return b.Flush()
}

func writeClients(b *bufio.Writer, clients []requests.Judged) error {
	if len(clients) == 0 {
		fmt.Fprint(b, "[]")
		return nil
	}
	for i := range clients {
		line, err := compact(&clients[i])
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "%s\n    %s", map[bool]string{true: "[", false: ","}[i == 0], printable(line))
	}
	fmt.Fprint(b, "\n  ]")
	return nil
}

// compact is the JSON of a value, with <, > and & as they are.
func compact(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// printable escapes what encoding/json leaves as it is and a terminal obeys, or shows in another order:
// C1 control characters and format characters. They stand only in strings.
func printable(doc []byte) []byte {
	if bytes.IndexFunc(doc, unprintable) < 0 {
		return doc
	}
	out := make([]byte, 0, len(doc)+64)
	for len(doc) > 0 {
		r, n := utf8.DecodeRune(doc)
		switch {
		case !unprintable(r):
			out = append(out, doc[:n]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		doc = doc[n:]
	}
	return out
}

func unprintable(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Noncharacter_Code_Point, r)
}
