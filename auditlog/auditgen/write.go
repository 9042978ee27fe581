package auditgen

import "io"

// Write writes lines until the log has at least size bytes.
func Write(w io.Writer, g *Generator, size int64) error {
	b := make([]byte, 0, 1<<20)
	for written := int64(0); written < size; {
		for written+int64(len(b)) < size && len(b) < 1<<18 {
			b = g.AppendLine(b)
		}
		n, err := w.Write(b)
		if err != nil {
			return err
		}
		written, b = written+int64(n), b[:0]
	}
	_, err := w.Write(g.AppendEnd(b))
	return err
}
