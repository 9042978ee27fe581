package auditlog

import "time"

// parseMicros reads an RFC 3339 timestamp as time.Parse does with time.RFC3339Nano, and gives the microseconds since 1970,
// rounded down. It says false of what is no such timestamp.
func parseMicros(b []byte) (int64, bool) {
	if us, ok := serverMicros(b); ok {
		return us, true
	}
	t, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil {
		return 0, false
	}
	return t.UnixMicro(), true
}

// serverMicros reads the one form that servers write: 2026-03-01T10:00:00.123456Z. It says false of any other.
func serverMicros(b []byte) (int64, bool) {
	const form = "2006-01-02T15:04:05.000000Z"
	if len(b) != len(form) || b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' || b[16] != ':' || b[19] != '.' || b[26] != 'Z' {
		return 0, false
	}
	var bad uint32
	two := func(i int) int64 {
		hi, lo := uint32(b[i])-'0', uint32(b[i+1])-'0'
		if hi > 9 || lo > 9 {
			bad = 1
		}
		return int64(hi*10 + lo)
	}
	year, month, day := two(0)*100+two(2), two(5), two(8)
	hour, minute, second := two(11), two(14), two(17)
	micro := two(20)*10000 + two(22)*100 + two(24)
	// Days that not every month has are left to time.Parse.
	if bad != 0 || month < 1 || month > 12 || day < 1 || day > 28 && !hasDay(year, month, day) || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	return ((daysSince1970(year, month, day)*24+hour)*60+minute)*60e6 + second*1e6 + micro, true
}

func hasDay(year, month, day int64) bool {
	return day <= int64(time.Date(int(year), time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day())
}

// daysSince1970 counts in years that start in March, so that the leap day is a year's last:
// https://howardhinnant.github.io/date_algorithms.html#days_from_civil
func daysSince1970(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	return 365*year + floorDiv(year, 4) - floorDiv(year, 100) + floorDiv(year, 400) + (153*(month-3)+2)/5 + day - 1 - 719468
}

// floorDiv is a/b rounded down: year 0 counts as -1 in its January.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
