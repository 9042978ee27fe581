package report

import (
	"bytes"
	"io"

	"sigs.k8s.io/yaml"
)

// writeYAML writes the JSON document as YAML. Its keys are in alphabetical order, as kubectl's are.
func writeYAML(w io.Writer, a Audit, o Options) error {
	var b bytes.Buffer
	if err := writeJSON(&b, a, o); err != nil {
		return err
	}
	out, err := yaml.JSONToYAML(b.Bytes())
	if err != nil {
		return err
	}
	_, err = w.Write(out)
	return err
}
