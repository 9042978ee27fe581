package evidence

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
)

const protobufType = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores"

// recorded returns a file of testdata, unpacked.
func recorded(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(name) != ".gz" {
		return data
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if data, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	return data
}

// commands are the command lines that the recorded processes ran with.
func commands(t testing.TB) map[string][]string {
	t.Helper()
	var m map[string][]string
	if err := json.Unmarshal(recorded(t, "flagz/commands-1.37.2.json"), &m); err != nil {
		t.Fatal(err)
	}
	return m
}
