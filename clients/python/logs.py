"""Writes to app_logs from Python, each row once. Needs psycopg 3; copy what you need. Usage: WRITE_URL=… python logs.py SOURCE"""
import json, os, re, sys, time
from datetime import datetime, timezone
import psycopg


class LogSource:
    """A named source. A batch carries its number into the ledger in its own transaction, so a lost answer is settled by asking."""

    def __init__(self, url, source):
        self.url, self.source = url, source
        self.connection = self.connect()
        row = self.connection.execute("SELECT holder, batch FROM app.open_log_source(%s)", [source]).fetchone()
        self.holder, self.batch = row

    def connect(self):
        # Poolers in transaction mode: no statement is prepared on a server that may be another one next time. Keepalives notice a host that is silent.
        return psycopg.connect(self.url, autocommit=True, prepare_threshold=None, application_name="pgha-logs", target_session_attrs="read-write",
                               keepalives_idle=10, keepalives_interval=5, keepalives_count=3)

    def write(self, rows, patience=600):
        """rows: (app_name, level, message, metadata, created_at). Returns when they are committed; for `patience` seconds it tries again through a failover."""
        number, deadline = self.batch + 1, time.monotonic() + patience
        while self.batch < number:
            try:
                if self.connection.closed:
                    self.connection = self.connect()
                    self.settle()
                else:
                    self.send(number, rows)
            except psycopg.Error as error:
                # No answer, the server going away, no primary any more, or: it is there already
                code = error.sqlstate or ("08" if isinstance(error, psycopg.OperationalError) else "")
                if not re.match("08|53|57P|25006|PGL01", code) or time.monotonic() > deadline:
                    raise
                self.connection.close()
                time.sleep(0.5)

    def send(self, number, rows):
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute("CALL app.begin_log_batch(%s, %s, %s, %s, NULL)", [self.source, self.holder, number, len(rows)])
            with cursor.copy("COPY app.app_logs (app_name, level, message, metadata, created_at) FROM STDIN") as copy:
                for app_name, level, message, metadata, created_at in rows:
                    copy.write_row((app_name, level, message, json.dumps(metadata) if metadata is not None else None, created_at))
        self.batch = number

    def settle(self):
        row = self.connection.execute("SELECT batch FROM app.settle_log_source(%s, %s)", [self.source, self.holder]).fetchone()
        if row is None:
            raise RuntimeError(f"another writer has taken over {self.source}")
        self.batch = row[0]


if __name__ == "__main__":
    source = LogSource(os.environ["WRITE_URL"], sys.argv[1])
    now = datetime.now(timezone.utc)
    source.write([(sys.argv[1], "info", f"row {n}", {"n": n}, now) for n in range(1000)])
    print(f"wrote 1000 rows, batch {source.batch}")
