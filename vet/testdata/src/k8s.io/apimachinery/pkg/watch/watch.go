// Package watch has the shapes that the tests need.
package watch

type Event struct{ Type string }

type Interface interface {
	Stop()
	ResultChan() <-chan Event
}
