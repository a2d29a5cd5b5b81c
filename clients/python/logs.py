"""Writes to app_logs from Python, each row once. Needs psycopg 3; copy what you need. Usage: WRITE_URL=… python logs.py SOURCE [BATCHES [PATIENCE]]"""
import json, os, re, sys, threading, time
from datetime import datetime, timezone
import psycopg

ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy_line(app_name, level, message, metadata, created_at):
    """A row in COPY's text format. A datetime without a zone is the machine's own, as everywhere in Python; a text is read by the server."""
    moment = created_at.astimezone(timezone.utc).isoformat() if isinstance(created_at, datetime) else created_at
    values = [app_name, level, message, None if metadata is None else json.dumps(metadata, allow_nan=False), moment]
    return "\t".join("\\N" if value is None else value.translate(ESCAPES) for value in values) + "\n"


class LogSource:
    """A named source, for any number of threads of one process. A batch carries its number into the ledger in its own transaction, so a lost answer is settled by asking."""

    def __init__(self, url, source):
        self.url, self.source, self.process, self.lock = url, source, os.getpid(), threading.Lock()
        # The last batch that got no answer, as it was sent: whether it is there is not known
        self.unsettled = None
        self.connection = self.connect()
        self.open()

    def connect(self):
        # Poolers in transaction mode: no statement is prepared on a server that may be another one next time. Keepalives notice a host that is silent.
        return psycopg.connect(self.url, autocommit=True, prepare_threshold=None, application_name="pgha-logs", target_session_attrs="read-write",
                               keepalives_idle=10, keepalives_interval=5, keepalives_count=3)

    def write(self, rows, patience=600):
        """
        rows: (app_name, level, message, metadata, created_at). Returns when they are committed; for `patience` seconds it tries again through a failover.
        After an error of the connection they may be there all the same: written again, the same rows are there once; other rows leave that open.
        """
        lines = "".join(copy_line(*row) for row in rows)   # a row that cannot be written raises here, before anything is sent
        if os.getpid() != self.process:
            raise RuntimeError("a process needs a source of its own: open it after the fork")
        deadline = time.monotonic() + patience
        with self.lock:
            while True:
                try:
                    if self.unsettled is not None:
                        self.connection.close()
                    if self.connection.closed:
                        self.connection = self.connect()
                    if self.unsettled is None or not self.settle(lines):
                        self.send(lines, len(rows))
                    return
                except psycopg.Error as error:
                    # No answer, the server going away, no primary any more, or: it is there already
                    code = error.sqlstate or ("08" if isinstance(error, psycopg.OperationalError) else "")
                    if not re.match("08|53|57P|25006|PGL01", code) or time.monotonic() > deadline:
                        raise
                    self.connection.close()
                    time.sleep(0.5)

    def send(self, lines, rows):
        self.unsettled = lines
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute("CALL app.begin_log_batch(%s, %s, %s, %s, NULL)", [self.source, self.holder, self.batch + 1, rows])
            with cursor.copy("COPY app.app_logs (app_name, level, message, metadata, created_at) FROM STDIN") as copy:
                copy.write(lines)
        self.batch, self.unsettled = self.batch + 1, None

    def settle(self, lines):
        """Whether the lines are there, which may be those that got no answer."""
        row = self.connection.execute("SELECT batch FROM app.settle_log_source(%s, %s)", [self.source, self.holder]).fetchone()
        if row is None:
            raise RuntimeError(f"another writer has taken over {self.source}")
        there = self.unsettled == lines and row[0] > self.batch
        if self.unsettled == lines:
            self.batch = row[0]
        else:
            self.open()   # what of the former rows is still on its way comes too late
        self.unsettled = None
        return there

    def open(self):
        self.holder, self.batch = self.connection.execute("SELECT holder, batch FROM app.open_log_source(%s)", [self.source]).fetchone()


if __name__ == "__main__":
    name, batches, patience = sys.argv[1], int((sys.argv[2:] or [1])[0]), float((sys.argv[3:] or [600])[0])
    source, written = LogSource(os.environ["WRITE_URL"], name), 0
    for first in range(0, batches * 1000, 1000):
        now = datetime.now(timezone.utc)
        try:
            source.write([(name, "info", f"row {n}", {"n": n}, now) for n in range(first, first + 1000)], patience)
            written += 1000
        except psycopg.OperationalError as error:
            print(f"rows from {first}: {error}", file=sys.stderr)
    print(f"wrote {written} rows, batch {source.batch}")
