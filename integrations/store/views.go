package store

import (
	"context"
	_ "embed"
	"regexp"
	"slices"
	"strings"
)

//go:embed views/kpi.sql
var viewsText string

// viewNames are the names of the views that a ledger may have, in the order in which they are made. Nothing in this package reads one: whoever hands
// somebody a file can have written into them what they like.
var viewNames = func() (all []string) {
	for _, m := range regexp.MustCompile(`(?m)^CREATE VIEW (kpi_\w+) AS$`).FindAllStringSubmatch(viewsText, -1) {
		all = append(all, m[1])
	}
	return all
}()

// Views gives the names of the views that Views makes.
func Views() []string { return slices.Clone(viewNames) }

// MakeViews makes the views that dashboards read, in place of those that are there.
func (l *Ledger) MakeViews(ctx context.Context) error {
	return l.db.update(ctx, func(t transaction) error {
		if err := dropViews(ctx, t); err != nil {
			return err
		}
		for _, s := range statements(l.db.inOwnViews(viewsText)) {
			if err := t.exec(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// DropViews removes them.
func (l *Ledger) DropViews(ctx context.Context) error {
	return l.db.update(ctx, func(t transaction) error { return dropViews(ctx, t) })
}

func dropViews(ctx context.Context, t transaction) error {
	for _, name := range slices.Backward(viewNames) {
		if err := t.exec(ctx, "DROP VIEW IF EXISTS "+name); err != nil {
			return err
		}
	}
	return nil
}

// ViewsSQL is the text that makes the views, in the words of the ledger's database.
func (l *Ledger) ViewsSQL() string { return l.db.inOwnViews(viewsText) }

// viewWords are what the words of the views stand for. Times are text in tables (empty is none), and in the views of PostgreSQL times.
type viewWords struct {
	now  string                                  // as the text of tables has it
	time func(text string) string                // of a text, for a view
	days func(from, to string) string            // between two texts
	day  func(time string) string                // of a time of a view
	week func(time string) string                // the Monday before a time of a view, or its day
	past func(names string) string               // rows with the column value, of the spans in the names of a state
	json func(body string, path []string) string // the text at a path of a document; nothing is NULL
	text func(args []string) string              // of a time of a view, or of a member of a value of past
}

var (
	viewWord = regexp.MustCompile(`@(time|days|day|week|past|json|text|now)\b`)
	viewNote = regexp.MustCompile(`(?m)^--.*@.*$`)
)

// replace puts the words of a database into the views: the innermost first.
func (w *viewWords) replace(text string) string {
	text = viewNote.ReplaceAllString(text, "--")
	for {
		all := viewWord.FindAllStringSubmatchIndex(text, -1)
		if len(all) == 0 {
			return text
		}
		at := all[len(all)-1] // nothing stands within the last one that is not replaced yet
		name := text[at[2]:at[3]]
		if name == "now" {
			text = text[:at[0]] + w.now + text[at[1]:]
			continue
		}
		args, end := argumentsOf(text, at[1])
		text = text[:at[0]] + w.word(name, args) + text[end:]
	}
}

// argumentsOf are those in brackets from a place on, and where these end.
func argumentsOf(text string, from int) (args []string, end int) {
	depth, start := 0, from+1
	for i := from; i < len(text); i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return append(args, strings.TrimSpace(text[start:i])), i + 1
			}
		case ',':
			if depth == 1 {
				args, start = append(args, strings.TrimSpace(text[start:i])), i+1
			}
		}
	}
	return args, len(text)
}

func (w *viewWords) word(name string, args []string) string {
	switch name {
	case "time":
		return w.time(args[0])
	case "days":
		return w.days(args[0], args[1])
	case "day":
		return w.day(args[0])
	case "week":
		return w.week(args[0])
	case "past":
		return w.past(args[0])
	case "json":
		return w.json(args[0], args[1:])
	}
	return w.text(args)
}

var sqliteViews = viewWords{
	now:  "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')",
	time: func(text string) string { return "NULLIF(" + text + ", '')" },
	days: func(from, to string) string { return "(julianday(" + to + ") - julianday(" + from + "))" },
	day:  func(time string) string { return "date(" + time + ")" },
	week: func(time string) string { return "date(" + time + ", '-6 days', 'weekday 1')" },
	past: func(names string) string { return "json_each(CAST(" + names + " AS TEXT), '$.past')" },
	json: func(body string, path []string) string {
		return "json_extract(CAST(" + body + " AS TEXT), '$." + strings.Join(path, ".") + "')"
	},
	text: func(args []string) string {
		if len(args) == 1 {
			return args[0]
		}
		return "json_extract(" + args[0] + ", '$." + args[1] + "')"
	},
}

var postgresViews = viewWords{
	now:  `to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`,
	time: func(text string) string { return "CAST(NULLIF(" + text + ", '') AS TIMESTAMPTZ)" },
	days: func(from, to string) string {
		return "(EXTRACT(EPOCH FROM CAST(NULLIF(" + to + ", '') AS TIMESTAMPTZ) - CAST(NULLIF(" + from + ", '') AS TIMESTAMPTZ)) / 86400.0)"
	},
	day:  func(time string) string { return "date_trunc('day', " + time + " AT TIME ZONE 'UTC')" },
	week: func(time string) string { return "date_trunc('week', " + time + " AT TIME ZONE 'UTC')" },
	past: func(names string) string {
		return "jsonb_array_elements(coalesce(CAST(convert_from(" + names + ", 'UTF8') AS JSONB) -> 'past', '[]'))"
	},
	json: func(body string, path []string) string {
		return "(CAST(convert_from(" + body + ", 'UTF8') AS JSONB) #>> '{" + strings.Join(path, ",") + "}')"
	},
	text: func(args []string) string {
		if len(args) == 1 {
			return "to_char(" + args[0] + ` AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`
		}
		return "(" + args[0] + " ->> '" + args[1] + "')"
	},
}

func (s *sqliteFile) inOwnViews(text string) string     { return sqliteViews.replace(text) }
func (p *postgresServer) inOwnViews(text string) string { return postgresViews.replace(text) }
