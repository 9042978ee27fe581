package checks

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// A ParamError is a parameter that a check does not have, or a value that is none for it.
type ParamError struct {
	Name string
	Want string // "" if the check has no parameter of that name
}

func (e *ParamError) Error() string {
	if e.Want == "" {
		return fmt.Sprintf("no parameter %q", e.Name)
	}
	return fmt.Sprintf("%s wants %s", e.Name, e.Want)
}

// Param is a parameter of a check as people see it.
type Param struct{ Name, Value, Doc string }

// Params lists the parameters in force.
func (c Check) Params() []Param {
	v := reflect.ValueOf(c.params)
	if v.Kind() != reflect.Struct {
		return nil
	}
	var ps []Param
	for i := range v.NumField() {
		f := v.Type().Field(i)
		ps = append(ps, Param{paramName(f), fmt.Sprint(v.Field(i).Interface()), f.Tag.Get("doc")})
	}
	return ps
}

func paramName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// With returns the check with other parameters, those that raw does not name as they were. A time is
// written as "10s". An unknown name and a value of another type are a ParamError; nonsense is what
// the parameters' own Validate says.
func (c Check) With(raw json.RawMessage) (Check, error) {
	p, err := c.decode(c.params, raw)
	if err != nil {
		return c, fmt.Errorf("parameters of %s: %w", c.ID, err)
	}
	c.params = p
	return c, nil
}

// validator is what parameters implement to refuse nonsense.
type validator interface{ Validate() error }

// decodeParams fills in the parameters that raw names.
func decodeParams[P any](p P, raw json.RawMessage) (P, error) {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(raw, &given); err != nil {
		return p, errors.New("they are a map of names to values")
	}
	v := reflect.ValueOf(&p).Elem()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		field := reflect.Value{}
		for i := 0; v.Kind() == reflect.Struct && i < v.NumField(); i++ {
			if paramName(v.Type().Field(i)) == name { // exactly: encoding/json would take any case
				field = v.Field(i)
			}
		}
		if !field.IsValid() {
			return p, &ParamError{Name: name}
		}
		if !setParam(field, given[name]) {
			return p, &ParamError{name, paramWant(field.Interface())}
		}
	}
	if check, ok := any(p).(validator); ok {
		return p, check.Validate()
	}
	return p, nil
}

func setParam(field reflect.Value, raw json.RawMessage) bool {
	if string(raw) == "null" {
		return false
	}
	if _, isTime := reflect.TypeAssert[time.Duration](field); isTime {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return false
		}
		d, err := time.ParseDuration(text)
		field.SetInt(int64(d))
		return err == nil
	}
	return json.Unmarshal(raw, field.Addr().Interface()) == nil
}

func paramWant(value any) string {
	switch value.(type) {
	case time.Duration:
		return "a time such as 10s or 5m"
	case int, int64:
		return "a whole number"
	case uint64:
		return "a whole number that is not negative"
	case float64:
		return "a number"
	case bool:
		return "true or false"
	case string:
		return "a text"
	}
	return fmt.Sprintf("another type of value than this, like %v", value)
}
