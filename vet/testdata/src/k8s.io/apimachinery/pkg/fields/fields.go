// Package fields has the shapes that the tests need.
package fields

type Selector interface{ String() string }

type Set map[string]string

func (s Set) AsSelector() Selector { return nil }

func (s Set) String() string { return "" }

func Everything() Selector                         { return nil }
func OneTermEqualSelector(k, v string) Selector    { return nil }
func OneTermNotEqualSelector(k, v string) Selector { return nil }
func SelectorFromSet(s Set) Selector               { return nil }
func ParseSelector(s string) (Selector, error)     { return nil, nil }
func ParseSelectorOrDie(s string) Selector         { return nil }
func AndSelectors(selectors ...Selector) Selector  { return nil }
