package evidence

import "testing"

func TestARetentionWithoutAUnitIsHours(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{{"8", "8h", true}, {"8h0m0s", "8", true}, {"480m", "8", true}, {"8", "8m", false}, {"1000", "1000", true}, {"1000", "2000", false}, {"8", "x", false}} {
		if got := (FlagValue{Value: tt.a}).Agrees("auto-compaction-retention", FlagValue{Value: tt.b}); got != tt.want {
			t.Errorf("%s and %s: got %t, want %t", tt.a, tt.b, got, tt.want)
		}
	}
	if (FlagValue{Value: "8"}).Agrees("request-timeout", FlagValue{Value: "8h"}) {
		t.Error("got hours of another flag, want them of the retention alone")
	}
}
