// Package policy holds what people decide about findings: settings of checks, waivers and their ends, what
// was known before. It reads kaudit.yaml and changes results; it knows no file, no clock and no report.
package policy
