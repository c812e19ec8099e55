package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

//go:embed schema/*.sql
var schemaFiles embed.FS

// A migration takes the tables from one version to the next; they are applied in order and never changed once they are released.
type migration struct {
	version int
	name    string
	text    string
}

// ErrOld means that the ledger's tables are of an earlier version than this program's: Migrate brings them up to it.
var ErrOld = errors.New("the tables of the ledger are of an earlier version")

// migrationsOf reads numbered files: 0001_name.sql. A number that is missing or there twice is an error.
func migrationsOf(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "schema/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var all []migration
	for i, file := range names {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "schema/"), ".sql")
		number, _, _ := strings.Cut(name, "_")
		if n, err := strconv.Atoi(number); err != nil || n != i+1 {
			return nil, fmt.Errorf("migration %s is not number %d", name, i+1)
		}
		text, err := fs.ReadFile(files, file)
		if err != nil {
			return nil, err
		}
		all = append(all, migration{version: i + 1, name: name, text: string(text)})
	}
	return all, nil
}

// ErrForeign means that there is a database, and that it is another program's, or damaged.
var ErrForeign = errors.New("there are tables, and they are not those of a ledger")

// ErrNew means that the ledger's tables are of a later version than this program's.
var ErrNew = errors.New("the tables of the ledger are of a later version")

// versionOf reads which version the tables have; 0: there are none. What was applied to them must be what this program would apply, as far as
// it knows of it: other programs number their migrations too.
func versionOf(ctx context.Context, d database, t transaction, all []migration) (version int, err error) {
	n, err := d.tables(ctx, t)
	if err != nil || n == 0 {
		return 0, err
	}
	known := 0
	err = t.each(ctx, "SELECT version, name FROM migration ORDER BY version LIMIT $1", []any{len(all) + 1}, func(scan func(...any) error) error {
		var name string
		switch err := scan(&version, &name); {
		case err != nil:
			return err
		case version > len(all):
			return nil
		case version != known+1 || name != all[known].name:
			return fmt.Errorf("%d %.80q is no migration of it", version, name)
		}
		known++
		return nil
	})
	if err == nil && known == 0 {
		err = errors.New("no migration is noted")
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrForeign, err)
	}
	return version, nil
}

// A readiness says what may be done to tables that are not of this program's version.
type readiness int

const (
	toRead    readiness = iota // nothing: where there are none, the error wraps fs.ErrNotExist
	toAppend                   // an empty database gets its tables; whoever shares a server decides when they change
	toMigrate                  // everything
)

// migrate makes sure that the tables are of the last version, and gives the versions before and after. What they lack is applied in one
// transaction that no other writer shares. Who finds nothing to do waits for no other writer.
func migrate(ctx context.Context, d database, all []migration, how readiness) (from, to int, err error) {
	to = len(all)
	look := func(t transaction) (err error) {
		from, err = versionOf(ctx, d, t, all)
		switch {
		case err != nil:
			return err
		case from > to:
			return fmt.Errorf("%w: at least version %d, and this program knows up to %d", ErrNew, from, to)
		case from == 0 && how == toRead:
			return fmt.Errorf("there is no ledger: %w", fs.ErrNotExist)
		case from > 0 && from < to && how != toMigrate:
			return fmt.Errorf("%w: %d, and this program's is %d", ErrOld, from, to)
		}
		return nil
	}
	if err := d.view(ctx, look); err != nil || from == to {
		return from, to, err
	}
	err = d.update(ctx, func(t transaction) error {
		if err := look(t); err != nil || from == to { // somebody else may have been faster
			return err
		}
		return apply(ctx, d, t, all, from)
	})
	return from, to, err
}

// apply applies the migrations from one version on.
func apply(ctx context.Context, d database, t transaction, all []migration, from int) error {
	if from == 0 {
		if err := d.begin(ctx, t); err != nil {
			return err
		}
		if err := t.exec(ctx, d.inOwnWords("CREATE TABLE migration (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL) STRICT")); err != nil {
			return err
		}
	}
	for _, m := range all[from:] {
		for _, statement := range statements(d.inOwnWords(m.text)) {
			if err := t.exec(ctx, statement); err != nil {
				return fmt.Errorf("migration %s: %w", m.name, err)
			}
		}
		if err := t.exec(ctx, "INSERT INTO migration (version, name) VALUES ($1, $2)", m.version, m.name); err != nil {
			return err
		}
	}
	return nil
}

// statements takes a text of SQL apart. Semicolons end statements and stand nowhere else in these files, but for comments, which go.
func statements(text string) []string {
	var bare strings.Builder
	for line := range strings.Lines(text) {
		code, _, _ := strings.Cut(line, "--")
		bare.WriteString(strings.TrimRight(code, " \t\r\n") + "\n")
	}
	var all []string
	for s := range strings.SplitSeq(bare.String(), ";") {
		if s = strings.TrimSpace(s); s != "" {
			all = append(all, s)
		}
	}
	return all
}
