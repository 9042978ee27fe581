package checks

import "fmt"

// Bytes prints a size with the binary unit that fits: "2 GiB", "100 MiB", "1.5 KiB".
func Bytes(n int64) string {
	if n < 0 {
		return fmt.Sprintf("-%s", Bytes(-n))
	}
	v, units := float64(n), []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for v >= 1024 && i < len(units)-1 {
		v, i = v/1024, i+1
	}
	if v >= 100 {
		return fmt.Sprintf("%.0f %s", v, units[i])
	}
	return fmt.Sprintf("%.3g %s", v, units[i])
}
