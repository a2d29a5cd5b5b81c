// Package logs writes to app_logs from Go, each row once. Needs github.com/jackc/pgx/v5; copy what you need.
package logs

import (
	"context"
	"errors"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

type Row struct {
	AppName, Level, Message string
	Metadata                map[string]any
	CreatedAt               time.Time
}

// Source is a named source. A batch carries its number into the ledger in its own transaction, so a lost answer is settled by asking.
type Source struct {
	config        *pgx.ConnConfig
	name          string
	holder, batch int64
	connection    *pgx.Conn
}

var ErrTakenOver = errors.New("another writer has taken over the source")

func Open(ctx context.Context, url, name string) (*Source, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	source := &Source{config: config, name: name}
	if err := source.connect(ctx); err != nil {
		return nil, err
	}
	return source, source.connection.QueryRow(ctx, "SELECT holder, batch FROM app.open_log_source($1)", name).Scan(&source.holder, &source.batch)
}

// Batch is the number of the last batch that is committed.
func (s *Source) Batch() int64 { return s.batch }

// Write returns when the rows are committed; until the context ends it tries again through a failover.
func (s *Source) Write(ctx context.Context, rows []Row) error {
	for number := s.batch + 1; s.batch < number; {
		err := s.try(ctx, number, rows)
		if err == nil {
			continue
		}
		if ctx.Err() != nil || !again(err) {
			return err
		}
		s.connection.Close(ctx)
		time.Sleep(500 * time.Millisecond)
	}
	return nil
}

func (s *Source) try(ctx context.Context, number int64, rows []Row) error {
	if s.connection.IsClosed() {
		if err := s.connect(ctx); err != nil {
			return err
		}
		return s.settle(ctx)
	}
	err := pgx.BeginFunc(ctx, s.connection, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "CALL app.begin_log_batch($1, $2, $3, $4, NULL)", s.name, s.holder, number, len(rows)); err != nil {
			return err
		}
		columns := []string{"app_name", "level", "message", "metadata", "created_at"}
		_, err := tx.CopyFrom(ctx, pgx.Identifier{"app", "app_logs"}, columns, pgx.CopyFromSlice(len(rows), func(n int) ([]any, error) {
			r := rows[n]
			return []any{r.AppName, r.Level, r.Message, r.Metadata, r.CreatedAt}, nil
		}))
		return err
	})
	if err == nil {
		s.batch = number
	}
	return err
}

// A connection that failed stays, closed, so that the next try makes another one.
func (s *Source) connect(ctx context.Context) error {
	connection, err := pgx.ConnectConfig(ctx, s.config)
	if err == nil {
		s.connection = connection
	}
	return err
}

func (s *Source) settle(ctx context.Context) error {
	err := s.connection.QueryRow(ctx, "SELECT batch FROM app.settle_log_source($1, $2)", s.name, s.holder).Scan(&s.batch)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrTakenOver
	}
	return err
}

var passing = regexp.MustCompile("^(08|53|57P|25006|PGL01)")

// No answer, the server going away, no primary any more, or: it is there already.
func again(err error) bool {
	var answer *pgconn.PgError
	if errors.As(err, &answer) {
		return passing.MatchString(answer.Code)
	}
	return !errors.Is(err, ErrTakenOver)
}
