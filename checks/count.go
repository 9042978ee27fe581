package checks

import (
	"fmt"
	"strings"
)

// Count puts a number before a noun in the singular, and makes it plural where it must be:
// "1 pod", "3 pods", "0 addresses".
func Count[N int | int64 | uint64 | float64](n N, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "s"):
		noun += "es"
	default:
		noun += "s"
	}
	return fmt.Sprintf("%.0f %s", float64(n), noun)
}
