// Package workqueue has the shape of a queue.
package workqueue

type Interface interface {
	Get() (item any, shutdown bool)
}
