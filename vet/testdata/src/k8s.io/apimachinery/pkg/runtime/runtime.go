// Package runtime has the shapes that the tests need.
package runtime

type Object interface{ GetObjectKind() string }
