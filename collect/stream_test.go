package collect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// envelope is what an API server sends of a message, encoded by the server's own types.
func envelope(tb testing.TB, apiVersion, kind string, message interface{ Marshal() ([]byte, error) }) []byte {
	tb.Helper()
	raw, err := message.Marshal()
	if err != nil {
		tb.Fatal(err)
	}
	u := runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: apiVersion, Kind: kind}, Raw: raw}
	b, err := u.Marshal()
	if err != nil {
		tb.Fatal(err)
	}
	return append([]byte(protoMagic), b...)
}

func threeNodes() *corev1.NodeList {
	l := &corev1.NodeList{ListMeta: metav1.ListMeta{ResourceVersion: "42", Continue: "more"}}
	for i := range 3 {
		l.Items = append(l.Items, corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("node-%d", i), Labels: map[string]string{"a": "b"}},
			Status:     corev1.NodeStatus{Capacity: corev1.ResourceList{"cpu": resource.MustParse("4")}},
		})
	}
	return l
}

// streamed reads node names out of a List.
func streamed(r io.Reader, contentType string) (names []string, meta metav1.ListMeta, err error) {
	meta, err = streamList(r, contentType, func(raw []byte) error {
		var n corev1.Node
		var err error
		if isProtobuf(contentType) {
			err = n.Unmarshal(raw)
		} else {
			err = json.Unmarshal(raw, &n)
		}
		names = append(names, n.Name)
		return err
	})
	return names, meta, err
}

func TestStreamList(t *testing.T) {
	list := threeNodes()
	inJSON, err := json.Marshal(struct {
		metav1.TypeMeta `json:",inline"`
		*corev1.NodeList
	}{metav1.TypeMeta{Kind: "NodeList", APIVersion: "v1"}, list})
	if err != nil {
		t.Fatal(err)
	}
	for contentType, body := range map[string][]byte{
		asProtobuf:                       envelope(t, "v1", "NodeList", list),
		"application/json;charset=utf-8": inJSON,
	} {
		// However the bytes come in.
		for how, r := range map[string]io.Reader{
			"at once":    bytes.NewReader(body),
			"one by one": iotest.OneByteReader(bytes.NewReader(body)),
			"with EOF":   iotest.DataErrReader(bytes.NewReader(body)),
		} {
			names, meta, err := streamed(r, contentType)
			if err != nil {
				t.Errorf("%s, %s: got error %v", contentType, how, err)
			}
			if diff := cmp.Diff([]string{"node-0", "node-1", "node-2"}, names); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", contentType, how, diff)
			}
			if diff := cmp.Diff(list.ListMeta, meta); diff != "" {
				t.Errorf("%s, %s: metadata (-want +got):\n%s", contentType, how, diff)
			}
		}
	}
}

func TestStreamListOfNothing(t *testing.T) {
	for contentType, body := range map[string][]byte{
		asProtobuf:         envelope(t, "v1", "NodeList", &corev1.NodeList{ListMeta: metav1.ListMeta{ResourceVersion: "1"}}),
		"application/json": []byte(`{"kind":"NodeList","metadata":{"resourceVersion":"1"},"items":null}`),
	} {
		names, meta, err := streamed(bytes.NewReader(body), contentType)
		if err != nil || len(names) != 0 || meta.ResourceVersion != "1" {
			t.Errorf("%s: got %v, %v, %v, want no names at revision 1", contentType, names, meta, err)
		}
	}
}

// Wherever an answer is cut off, it is an error that says so, never a shorter list.
func TestStreamListCutOff(t *testing.T) {
	proto := envelope(t, "v1", "NodeList", threeNodes())
	jsn, err := json.Marshal(threeNodes())
	if err != nil {
		t.Fatal(err)
	}
	// The last two fields of the envelope are empty strings: four bytes that nobody would miss.
	for contentType, body := range map[string][]byte{asProtobuf: proto[:len(proto)-4], "application/json": jsn} {
		for n := range len(body) - 1 {
			_, _, err := streamed(bytes.NewReader(body[:n]), contentType)
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("%s, %d of %d bytes: got error %v, want one of an early end", contentType, n, len(body), err)
			}
		}
	}
	_, _, err = streamed(bytes.NewReader(proto[:len(proto)-30]), asProtobuf)
	want := fmt.Sprintf("a list cut off after 2 items and %d bytes: unexpected EOF", len(proto)-30)
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// The connection's own error stays what it is, so that the gap says what happened.
func TestStreamListBroken(t *testing.T) {
	broken := errors.New("no answer within 15s")
	for contentType, body := range map[string][]byte{
		asProtobuf:         envelope(t, "v1", "NodeList", threeNodes()),
		"application/json": []byte(`{"kind":"NodeList","items":[{},`),
	} {
		for _, n := range []int{0, 2, 10, len(body) / 2, len(body) - 6} {
			n = min(n, len(body))
			r := io.MultiReader(bytes.NewReader(body[:n]), iotest.ErrReader(broken))
			if _, _, err := streamed(r, contentType); !errors.Is(err, broken) {
				t.Errorf("%s after %d bytes: got error %v, want %v", contentType, n, err, broken)
			}
		}
	}
}

func TestStreamListGarbled(t *testing.T) {
	list := envelope(t, "v1", "NodeList", threeNodes())
	status := envelope(t, "v1", "Status", &metav1.Status{Message: "no"})
	unknown := func(u runtime.Unknown) string {
		b, err := u.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return protoMagic + string(b)
	}
	kind := runtime.TypeMeta{APIVersion: "v1", Kind: "NodeList"}
	for name, c := range map[string]struct{ contentType, body, want string }{
		"not protobuf":          {asProtobuf, `{"kind":"NodeList"}`, "does not begin as Kubernetes protobuf does"},
		"a status":              {asProtobuf, string(status), `is of kind "Status", not a list`},
		"encoded twice":         {asProtobuf, unknown(runtime.Unknown{TypeMeta: kind, Raw: []byte{10, 0}, ContentEncoding: "gzip"}), `has the encoding "gzip"`},
		"item over its list":    {asProtobuf, unknown(runtime.Unknown{TypeMeta: kind, Raw: []byte{0x12, 0x7f, 1}}), "a field of 127 bytes in a message with 1 left"},
		"fixed over its list":   {asProtobuf, unknown(runtime.Unknown{TypeMeta: kind, Raw: []byte{0x19, 1}}), "runs over the end"},
		"group":                 {asProtobuf, unknown(runtime.Unknown{TypeMeta: kind, Raw: []byte{0x1b}}), "wire type 3"},
		"field 0":               {asProtobuf, unknown(runtime.Unknown{TypeMeta: kind, Raw: []byte{0x02, 0}}), "number 0"},
		"endless number":        {asProtobuf, protoMagic + strings.Repeat("\xff", 11), "a number has no end"},
		"two contents":          {asProtobuf, string(list) + "\x12\x00", "it has two contents"},
		"absurd length":         {asProtobuf, protoMagic + "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "garbled: a field of"},
		"large item":            {asProtobuf, string(list[:4]) + "\x12\xff\xff\xff\x7f\x12\xf0\xff\xff\x7f", "an item is larger than 8388608 bytes"},
		"JSON of a status":      {"application/json", `{"kind":"Status"}`, `is of kind "Status"`},
		"JSON without items":    {"application/json", `{"kind":"NodeList"}`, "has no items, not even none"},
		"JSON that is no list":  {"application/json", `[]`, "has [ where { is due"},
		"JSON items are a map":  {"application/json", `{"items":{}}`, "its items are {, not a list"},
		"JSON with broken item": {"application/json", `{"items":[{"a":}]}`, "invalid character"},
		"JSON with large item":  {"application/json", `{"items":["` + strings.Repeat("x", itemLimit+1<<20) + `"]}`, "an item is larger than 8388608 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := streamList(strings.NewReader(c.body), c.contentType, func([]byte) error { return nil })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

// A reader that has enough stops without reading the rest.
func TestStreamListStops(t *testing.T) {
	list := threeNodes()
	for range 2000 {
		list.Items = append(list.Items, list.Items[0])
	}
	jsn, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	for contentType, body := range map[string][]byte{asProtobuf: envelope(t, "v1", "NodeList", list), "application/json": jsn} {
		r := bytes.NewReader(body)
		n := 0
		meta, err := streamList(r, contentType, func([]byte) error {
			if n++; n == 2 {
				return errStop
			}
			return nil
		})
		if err != nil || n != 2 || meta.Continue != "more" {
			t.Errorf("%s: got %d items, metadata %v, error %v, want 2 items and no error", contentType, n, meta, err)
		}
		if r.Len() == 0 {
			t.Errorf("%s: got all %d bytes read, want some left", contentType, len(body))
		}
	}
}

// Whatever comes in, reading ends without a panic, takes no more memory than one item may, and
// agrees with the API's own decoder where that finds nothing wrong.
func FuzzStreamProtobuf(f *testing.F) {
	body := envelope(f, "v1", "NodeList", threeNodes())
	f.Add(body)
	f.Add(body[:len(body)/2])
	f.Add([]byte(protoMagic + "\x12\xff\xff\xff\xff\x07"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var names []string
		_, err := streamList(bytes.NewReader(b), asProtobuf, func(raw []byte) error {
			if len(raw) > len(b) {
				t.Fatalf("got an item of %d bytes out of %d", len(raw), len(b))
			}
			var n corev1.Node
			if err := n.Unmarshal(raw); err != nil {
				return err
			}
			names = append(names, n.Name)
			return nil
		})
		if err != nil {
			return
		}
		var u runtime.Unknown
		var l corev1.NodeList
		if u.Unmarshal(b[len(protoMagic):]) != nil || l.Unmarshal(u.Raw) != nil {
			return // a field that streaming skips need not be well-formed
		}
		if len(l.Items) != len(names) {
			t.Errorf("got %d items, the API's decoder %d", len(names), len(l.Items))
		}
	})
}
