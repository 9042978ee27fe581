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
func recorded(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", filepath.FromSlash(name)))
	if err != nil {
		tb.Fatal(err)
	}
	if filepath.Ext(name) != ".gz" {
		return data
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		tb.Fatal(err)
	}
	if data, err = io.ReadAll(z); err != nil {
		tb.Fatal(err)
	}
	return data
}

// commands are the command lines that the recorded processes ran with.
func commands(tb testing.TB) map[string][]string {
	tb.Helper()
	var m map[string][]string
	if err := json.Unmarshal(recorded(tb, "flagz/commands-1.37.2.json"), &m); err != nil {
		tb.Fatal(err)
	}
	return m
}
