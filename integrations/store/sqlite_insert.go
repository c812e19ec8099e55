package store

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// rowsAtOnce is how many rows one statement inserts: most of what a row costs otherwise is the way into the virtual machine and back.
const rowsAtOnce = 32

// mostForms bounds the statements that one insertion is written as, by what its rows have in common.
const mostForms = 32

// A rowInserter inserts rows, many with one statement. A value that all of these rows have is handed over once: each that is costs about as much as
// writing it does, and most of what is open has most of its values in common with what stands beside it.
type rowInserter struct {
	table   string
	columns []string
	how     insertion
	rows    [][]any
	known   map[string]bool // the forms so far: of each column, whether its value is common
	values  []any
}

// flush inserts the rows that were gathered.
func (in *rowInserter) flush(ctx context.Context, t *sqliteTransaction) error {
	if len(in.rows) == 0 {
		return nil
	}
	common := in.form()
	in.values = append(in.values[:0], in.rows[0]...)
	for _, row := range in.rows[1:] {
		for c, v := range row {
			if common[c] != isCommon {
				in.values = append(in.values, v)
			}
		}
	}
	s, err := t.prepare(ctx, in.statement(common, len(in.rows)))
	if err == nil {
		_, err = s.ExecContext(ctx, in.values...)
	}
	in.rows = in.rows[:0]
	return err
}

const isCommon = '='

// form says of each column whether its value is common to all rows that were gathered. Of one row, or if there are too many forms, none is.
func (in *rowInserter) form() string {
	none := strings.Repeat(".", len(in.columns))
	if len(in.rows) == 1 {
		return none
	}
	form := []byte(none)
	for c := range form {
		if !slices.ContainsFunc(in.rows[1:], func(row []any) bool { return !equalValues(row[c], in.rows[0][c]) }) {
			form[c] = isCommon
		}
	}
	if !in.known[string(form)] {
		if len(in.known) == mostForms {
			return none
		}
		in.known[string(form)] = true
	}
	return string(form)
}

// equalValues says whether two values are the same text or number. What else there is mostly differs.
func equalValues(a, b any) bool {
	switch a := a.(type) {
	case string:
		b, ok := b.(string)
		return ok && a == b
	case int64:
		b, ok := b.(int64)
		return ok && a == b
	case int:
		b, ok := b.(int)
		return ok && a == b
	}
	return false
}

// statement inserts n rows. A value is numbered by its place among those that are handed over: all of the first row, and of the others what is not
// common. Only what is common is written with its number, as the driver looks numbers up time and again. An error undoes the whole transaction, so
// that no statement need be able to undo itself alone (OR FAIL).
func (in *rowInserter) statement(form string, n int) string {
	row := make([]string, len(form))
	for c := range form {
		row[c] = "?"
		if form[c] == isCommon {
			row[c] += strconv.Itoa(c + 1)
		}
	}
	rows := strings.Repeat(", ("+strings.Join(row, ",")+")", n)
	return "INSERT OR FAIL INTO " + in.table + " (" + strings.Join(in.columns, ", ") + ") VALUES" + rows[1:] + in.how.clause(in.columns)
}
