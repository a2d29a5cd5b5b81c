// Package logs writes to app_logs from Go, each row once. Needs github.com/jackc/pgx/v5; copy what you need.
package logs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

type Row struct {
	AppName, Level, Message string
	Metadata                map[string]any
	CreatedAt               time.Time
}

// Source is a named source, for any number of goroutines. A batch carries its number into the ledger in its own transaction, so a lost answer is
// settled by asking.
type Source struct {
	config        *pgx.ConnConfig
	name          string
	lock          sync.Mutex
	holder, batch int64
	connection    *pgx.Conn
	unsettled     []byte // the last batch that got no answer, as it was sent: whether it is there is not known
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
	return source, source.open(ctx)
}

// Batch is the number of the last batch that is committed.
func (s *Source) Batch() int64 {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.batch
}

// Write returns when the rows are committed; until the context ends it tries again through a failover. After an error of the connection, or of the
// context, they may be there all the same: written again, the same rows are there once; other rows leave that open.
func (s *Source) Write(ctx context.Context, rows []Row) error {
	lines, err := copyText(rows) // a row that cannot be written fails here, before anything is sent
	if err != nil || len(rows) == 0 {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	for {
		err := s.try(ctx, lines, len(rows))
		if err == nil || ctx.Err() != nil || !again(err) {
			return err
		}
		s.connection.Close(ctx)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func (s *Source) try(ctx context.Context, lines []byte, rows int) error {
	if s.unsettled != nil {
		s.connection.Close(ctx)
	}
	if s.connection.IsClosed() {
		if err := s.connect(ctx); err != nil {
			return err
		}
	}
	if s.unsettled != nil {
		if there, err := s.settle(ctx, lines); there || err != nil {
			return err
		}
	}
	return s.send(ctx, lines, rows)
}

func (s *Source) send(ctx context.Context, lines []byte, rows int) error {
	s.unsettled = lines
	err := pgx.BeginFunc(ctx, s.connection, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "CALL app.begin_log_batch($1, $2, $3, $4, NULL)", s.name, s.holder, s.batch+1, rows); err != nil {
			return err
		}
		const copy = "COPY app.app_logs (app_name, level, message, metadata, created_at) FROM STDIN"
		_, err := tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(lines), copy)
		return err
	})
	if err == nil {
		s.batch, s.unsettled = s.batch+1, nil
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

func (s *Source) open(ctx context.Context) error {
	return s.connection.QueryRow(ctx, "SELECT holder, batch FROM app.open_log_source($1)", s.name).Scan(&s.holder, &s.batch)
}

// Whether the lines are there, which may be those that got no answer.
func (s *Source) settle(ctx context.Context, lines []byte) (bool, error) {
	var batch int64
	err := s.connection.QueryRow(ctx, "SELECT batch FROM app.settle_log_source($1, $2)", s.name, s.holder).Scan(&batch)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, ErrTakenOver
	}
	if err != nil {
		return false, err
	}
	same := bytes.Equal(s.unsettled, lines)
	there := same && batch > s.batch
	if same {
		s.batch = batch
	} else if err := s.open(ctx); err != nil { // what of the former rows is still on its way comes too late
		return false, err
	}
	s.unsettled = nil
	return there, nil
}

var escapes = strings.NewReplacer("\\", "\\\\", "\t", "\\t", "\n", "\\n", "\r", "\\r")

// Rows in COPY's text format.
func copyText(rows []Row) ([]byte, error) {
	var text bytes.Buffer
	for _, r := range rows {
		metadata := "\\N"
		if r.Metadata != nil {
			written, err := json.Marshal(r.Metadata)
			if err != nil {
				return nil, err
			}
			metadata = escapes.Replace(string(written))
		}
		columns := []string{escapes.Replace(r.AppName), escapes.Replace(r.Level), escapes.Replace(r.Message), metadata, r.CreatedAt.UTC().Format(time.RFC3339Nano)}
		text.WriteString(strings.Join(columns, "\t") + "\n")
	}
	return text.Bytes(), nil
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
