//go:build !amd64

package auditlog

// kernel leaves all of a line to the portable code.
func (*masks) kernel([]byte, kernelKind) bool { return false }
