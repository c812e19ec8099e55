package evidence

import (
	"slices"
	"time"
)

// Times are the texts of times that were written before: most are days, and the same ones again and again.
type times [128]struct {
	at   int64 // seconds since 1970
	text []byte
}

// append writes a time of UTC.
func (m *times) append(b []byte, t time.Time) []byte {
	if m == nil || t.Nanosecond() != 0 {
		return append(t.AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
	}
	at := t.Unix()
	one := &m[uint64(at/int64(day/time.Second))%uint64(len(m))]
	if one.at != at || one.text == nil {
		one.at, one.text = at, (*times)(nil).append(one.text[:0], t)
	}
	return append(b, one.text...)
}

// An order is the names of an object, sorted.
type order struct {
	names   []string
	written []string // each as it stands in the object
}

// Bounds of the orders that are kept, and of the names in one: objects with the same names come again and again.
const (
	mostOrders = 8
	mostNames  = 64
)

// byName writes what is named, in the order of the names, and leaves it out if there is nothing.
func byName[E any](l *lineWriter, name string, all map[string]E, write func(*lineWriter, E)) {
	if len(all) == 0 {
		return
	}
	l.name(name)
	l.open()
	for i, o := range l.orders {
		if inOrderOf(l, o, all, write) {
			if i > 0 {
				copy(l.orders[1:], l.orders[:i])
				l.orders[0] = o
			}
			l.close()
			return
		}
	}
	o := newOrder(l, all)
	if inOrderOf(l, o, all, write); !l.odd && len(o.names) <= mostNames {
		l.orders = slices.Insert(l.orders[:min(len(l.orders), mostOrders-1)], 0, o)
	}
	l.close()
}

// newOrder sorts names.
func newOrder[E any](l *lineWriter, all map[string]E) *order {
	o := &order{}
	for one := range all {
		o.names = append(o.names, one)
	}
	slices.Sort(o.names)
	for _, one := range o.names {
		text := appendText(nil, one)
		if len(text) != len(one)+len(`""`) {
			l.odd = true // names that are written otherwise can be the same, or stand in another order
		}
		o.written = append(o.written, string(append(text, ':')))
	}
	return o
}

// inOrderOf writes what is named, if it has just the names of an order.
func inOrderOf[E any](l *lineWriter, o *order, all map[string]E, write func(*lineWriter, E)) bool {
	if len(o.names) != len(all) {
		return false
	}
	from := len(l.b)
	for i, name := range o.names {
		one, there := all[name]
		if !there {
			l.b = l.b[:from]
			return false
		}
		if i > 0 {
			l.b = append(l.b, ',')
		}
		l.b = append(l.b, o.written[i]...)
		write(l, one)
	}
	return true
}
