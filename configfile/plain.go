package configfile

import "bytes"

// A textReader knows one sort of file that is no YAML: it reports whether the file is one, and reads it.
type textReader func(s *sink) bool

// textReaders lists them.
func textReaders() []textReader {
	return []textReader{readMetrics, readFlagzText, readUnit, readEnvFile}
}

// readText gives the file to the reader that knows it; false if none does.
func (s *sink) readText() bool {
	for _, read := range textReaders() {
		if read(s) {
			return true
		}
	}
	return false
}

// speaksOfClusters tells, of a file that cannot be decoded, whether somebody would miss it.
func speaksOfClusters(data []byte) bool {
	for _, word := range []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "KubeletConfiguration", "ClusterConfiguration", "quota-backend-bytes", "--initial-cluster"} {
		if bytes.Contains(data, []byte(word)) {
			return true
		}
	}
	return false
}
