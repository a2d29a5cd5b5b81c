"""Turns the loss of the primary into a pause. After one failed server login PgBouncer refuses every client at once, unless
the database is PAUSEd: then clients wait for up to query_wait_timeout.

For each database the keeper holds sessions open as the pooler does: as its auth_user, and one through each of its proxies,
because the pooler's own may go through any of them. One breaks in the same millisecond as the pooler's, so the PAUSE comes
before a client can be back; the RESUME comes when a new session stands. The keeper PAUSEs nothing that is paused already, and
RESUMEs what it has PAUSEd itself, and what somebody else has left PAUSEd for longer than anybody wants. Readers whom a change
has left on the primary it sends back to a standby.
"""

from __future__ import annotations

import configparser
import contextlib
import http.server
import re
import select
import socket
import ssl
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any, Callable, Protocol

import psycopg2
from psycopg2.extensions import POLL_READ, set_wait_callback

RETRY_SECONDS = 0.1
HEARTBEAT_SECONDS = 1
# What one attempt to reach a server may take, and what a server may take for SELECT 1 before it counts as lost
ATTEMPT_SECONDS = 1
ANSWER_SECONDS = 3
# PAUSE holds once it is read, but answers only when no statement runs any more
PAUSE_SECONDS = 0.25
# A primary that is about to stop ends the keeper's sessions first (images/postgres/before-stop), and takes new ones for that long
STOPPING_SECONDS = 1
ENDED = "due to administrator command"
# Proxies learn of a new primary one after the other
PROXY_SECONDS = 0.3
# More than the longest step of keep(), unless something hangs
STEP_SECONDS = 15
# No pause that is wanted lasts that long: a command's 60 s, 5 s of its guard, and some (infra/live/pooler/underPause.ts)
WANTED_SECONDS = 75
METRICS_PORT = 6433
# Who asks for metrics has that long to, and so many may at a time
ASKING_SECONDS = 5
ASKING = 16


class Console(Protocol):
    def paused(self, database: str) -> bool: ...
    def pause(self, database: str) -> None: ...
    def resume(self, database: str) -> None: ...


class Database:
    """One database of the pooler. Told what is seen of it, decides whether it is paused."""

    def __init__(self, name: str, patience: float, limit: float, console: Console, mark: Path,
                 clock: Callable[[], float] = time.monotonic, returned: Callable[[], None] = lambda: None) -> None:
        self.name, self.patience, self.limit, self.console, self.mark, self.clock = name, patience, limit, console, mark, clock
        self.returned = returned
        # The mark is left by a keeper that died with the database paused
        self.since: float | None = float(mark.read_text()) if mark.exists() else None
        self.holds = False
        self.missing_since: float | None = None
        self.given_up = False
        self.pauses, self.seconds = 0, 0.0
        self.alive_at = clock()

    def alive(self) -> None:
        self.alive_at = self.clock()

    def reached(self) -> None:
        if self.missing_since is not None:
            self.returned()
        self.missing_since, self.given_up = None, False
        if self.since is not None:
            self.resume("it takes sessions again")

    def missing(self) -> None:
        now = self.clock()
        if self.missing_since is None:
            self.missing_since = now
        if self.since is not None:
            if now - self.since >= self.limit:
                self.resume("given up, clients get their error")
                self.given_up = True
            # The PAUSE failed, or the pooler is another process now
            elif not self.console.paused(self.name):
                self.console.pause(self.name)
            self.holds = self.since is not None
        elif not self.given_up and now - self.missing_since >= self.patience and not self.console.paused(self.name):
            self.pause(now)

    def pause(self, now: float) -> None:
        written = self.mark.with_suffix(".new")
        written.write_text(str(now))
        written.rename(self.mark)
        self.since = now
        self.pauses += 1
        self.console.pause(self.name)
        self.holds = True
        log(f"PAUSE {self.name}: no server can be reached through any proxy")

    def resume(self, reason: str) -> None:
        self.console.resume(self.name)
        took = self.clock() - (self.since or 0)
        self.since, self.holds = None, False
        self.seconds += took
        self.mark.unlink(missing_ok=True)
        log(f"RESUME {self.name} after {took:.2f} s: {reason}")

    def metrics(self) -> str:
        paused = 0 if self.since is None else self.clock() - self.since
        values = {"paused": int(self.holds), "paused_for_seconds": paused, "pauses_total": self.pauses,
                  "paused_seconds_total": self.seconds + paused}
        return "".join(f'pgha_keeper_{key}{{database="{self.name}"}} {value:g}\n' for key, value in values.items())


def log(text: str) -> None:
    print(f"keeper: {text}", flush=True)


def answered(error: str) -> bool:
    """Whether a login failed by a server's answer (a wrong password, no free slot) and not for lack of a server."""
    return "FATAL:" in error and not re.search("the database system is|terminating connection", error)


class Session:
    """A connection that never waits without end."""

    def __init__(self, **parameters: Any) -> None:
        self.connection = within(ATTEMPT_SECONDS, lambda: psycopg2.connect(
            sslmode="verify-full", sslrootcert="/etc/pgha/ca.crt", gssencmode="disable", **parameters))
        self.connection.autocommit = True

    def query(self, text: str, seconds: float) -> list[dict[str, Any]]:
        cursor = self.connection.cursor()
        within(seconds, lambda: cursor.execute(text))
        return [dict(zip((column.name for column in cursor.description), row)) for row in cursor] if cursor.description else []

    def close(self) -> None:
        self.connection.close()


LOST = (psycopg2.Error, TimeoutError, OSError)
deadline = threading.local()


def within(seconds: float, action: Callable[[], Any]) -> Any:
    deadline.at = time.monotonic() + seconds
    return action()


def wait(connection: Any) -> None:
    """psycopg2 comes here whenever it waits for a server."""
    while state := connection.poll():
        read, write = ([connection], []) if state == POLL_READ else ([], [connection])
        if not any(select.select(read, write, [], max(0, deadline.at - time.monotonic()))):
            raise TimeoutError("no answer in time")


class PoolerConsole:
    """The pooler's console, connected beforehand: a PAUSE takes a millisecond then."""

    # Databases that wait; min_pool_size is one setting for all of them
    held: set[str] = set()

    def __init__(self, min_pool_size: str) -> None:
        self.session: Session | None = None
        self.min_pool_size = min_pool_size

    def query(self, text: str, seconds: float = ANSWER_SECONDS) -> list[dict[str, Any]]:
        try:
            if self.session is None:
                self.session = Session(host="localhost", port=6432, dbname="pgbouncer", user="pooler_admin", passfile="/run/secrets/pgpass")
            return self.session.query(text, seconds)
        except Exception:
            if self.session:
                self.session.close()
            self.session = None
            raise

    def all_paused(self) -> set[str]:
        return {row["name"] for row in self.query("SHOW DATABASES") if int(row["paused"])}

    def paused(self, database: str) -> bool:
        return database in self.all_paused()

    def pause(self, database: str) -> None:
        try:
            self.query(f"PAUSE {database}", PAUSE_SECONDS)
        except TimeoutError:
            pass
        self.held.add(database)
        # It would go on logging in for min_pool_size, cut each login off and, after the RESUME, refuse clients for that
        self.query("SET min_pool_size = 0")

    def resume(self, database: str) -> None:
        if self.paused(database):
            self.query(f"RESUME {database}")
        self.held.discard(database)
        self.keep_minimum()

    def keep_minimum(self) -> None:
        if not self.held:
            self.query(f"SET min_pool_size = {self.min_pool_size}")


class Readers:
    """Of one database. A standby that becomes the primary keeps its readers, and while there is none others come to the primary:
    some time after a change, which the proxies' checks need, the pooler is to connect anew, each connection after its statement."""

    def __init__(self, name: str, seconds: float, console: PoolerConsole, standby: Callable[[], bool],
                 clock: Callable[[], float] = time.monotonic) -> None:
        self.name, self.seconds, self.console, self.standby, self.clock = name, seconds, console, standby, clock
        self.due: float | None = None

    def moved(self) -> None:
        self.due = self.clock() + self.seconds

    def look(self) -> None:
        due = self.due
        if due is None or self.clock() < due:
            return
        self.moved()
        if self.standby():
            self.console.query(f"RECONNECT {self.name}")
            self.due = None

    def watch(self) -> None:
        while True:
            time.sleep(HEARTBEAT_SECONDS)
            with contextlib.suppress(*LOST):
                self.look()


def connect(entry: dict[str, str], writes: bool, login: dict[str, str], proxy: str) -> Session:
    return Session(host=proxy, port=entry["port"], dbname=entry["dbname"], application_name="pgha keeper", tcp_user_timeout=3000,
                   options="-c idle_session_timeout=0", target_session_attrs="read-write" if writes else "any", **login)


class Switch:
    """A dead-man's switch: ends the pause of whoever is not there any more to end it, a command or its machine."""

    def __init__(self, console: PoolerConsole, clock: Callable[[], float] = time.monotonic) -> None:
        self.console, self.clock = console, clock
        self.since: dict[str, float] = {}
        self.resumed = 0
        self.alive_at = clock()

    def look(self) -> None:
        now, before = self.clock(), self.since
        self.since = {name: before.get(name, now) for name in self.console.all_paused()}
        if before and not self.since:
            # A command that PAUSEs has had it lowered
            self.console.keep_minimum()
        for name, since in self.since.items():
            if now - since >= WANTED_SECONDS:
                self.console.resume(name)
                self.resumed += 1
                log(f"RESUME {name}: nobody did in {now - since:.0f} s")

    def watch(self) -> None:
        while True:
            with contextlib.suppress(*LOST):
                self.look()
            self.alive_at = self.clock()
            time.sleep(HEARTBEAT_SECONDS)

    def metrics(self) -> str:
        return f"pgha_keeper_forgotten_pauses_total {self.resumed}\n"


def reaches_standby(proxies: list[str], connect: Callable[[str], Session]) -> bool:
    """Whether the first proxy that leads anywhere leads to one."""
    for proxy in proxies:
        with contextlib.suppress(*LOST):
            session = connect(proxy)
            try:
                return bool(session.query("SELECT pg_is_in_recovery() AS standby", ANSWER_SECONDS)[0]["standby"])
            finally:
                session.close()
    return False


class Ways:
    """The proxies of a database."""

    def __init__(self, proxies: list[str], connect: Callable[[str], Session]) -> None:
        self.proxies, self.connect = proxies, connect
        self.first, self.ended = threading.Lock(), False

    def reach(self) -> dict[str, Session] | None:
        """A session through the first proxy that leads to a server; none if a server answered but refused it; None without a server."""
        for turn, proxy in enumerate(self.proxies):
            try:
                session = self.connect(proxy)
            except LOST as error:
                if answered(str(error)):
                    return {}
                continue
            if turn > 0:
                time.sleep(PROXY_SECONDS)
            return {proxy: session}
        return None

    def hold(self, sessions: dict[str, Session], beat: Callable[[], None], lost: Callable[[], None]) -> bool:
        """Holds a session through each proxy until one is lost, and says so at once; returns whether it was ended."""
        over = threading.Event()
        for proxy in self.proxies:
            threading.Thread(target=self.watch, args=(proxy, sessions.get(proxy), over, lost), daemon=True).start()
        while not over.wait(HEARTBEAT_SECONDS):
            beat()
        return self.ended

    def watch(self, proxy: str, session: Session | None, over: threading.Event, lost: Callable[[], None]) -> None:
        """One proxy's session. A closed connection is seen at once, a silent one by the heartbeat."""
        # The proxy may be down, or learn late of a new primary
        while session is None and not over.wait(HEARTBEAT_SECONDS):
            with contextlib.suppress(*LOST):
                session = self.connect(proxy)
        if session is None:
            return
        try:
            while not over.is_set():
                select.select([session.connection], [], [], HEARTBEAT_SECONDS)
                session.query("SELECT 1", ANSWER_SECONDS)
        except Exception as error:
            with self.first:
                if not over.is_set():
                    self.ended = ENDED in str(error)
                    # From this thread: every millisecond until the PAUSE is one for a client to come back in
                    with contextlib.suppress(*LOST):
                        lost()
                    over.set()
        session.close()


def keep(database: Database, ways: Ways) -> None:
    while True:
        database.alive()
        try:
            sessions = ways.reach()
            if sessions is not None:
                database.reached()
            stopping = bool(sessions) and ways.hold(sessions, database.alive, database.missing)
            if sessions != {}:
                database.missing()
            if stopping:
                time.sleep(STOPPING_SECONDS)
        except LOST as error:
            log(f"{database.name}: the pooler's console: {str(error).strip()}")
        time.sleep(RETRY_SECONDS)


class MetricsServer(http.server.ThreadingHTTPServer):
    """Nobody holds it, or takes the keeper's threads, by connections in which nothing comes."""

    def __init__(self, address: tuple[str, int], handler: type) -> None:
        self.asking = threading.BoundedSemaphore(ASKING)
        super().__init__(address, handler)

    def process_request(self, request: Any, address: Any) -> None:
        if not self.asking.acquire(blocking=False):
            return request.close()
        request.settimeout(ASKING_SECONDS)
        super().process_request(request, address)

    def process_request_thread(self, request: Any, address: Any) -> None:
        late = threading.Timer(ASKING_SECONDS, self.cut, [request])
        late.start()
        try:
            super().process_request_thread(request, address)
        finally:
            late.cancel()
            self.asking.release()

    def cut(self, request: Any) -> None:
        """Its thread closes it, and ends TLS."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(request, socket.SHUT_RDWR)

    def handle_error(self, request: Any, address: Any) -> None:
        """Who hangs up is no fault."""


def serve_metrics(parts: list[Database | Switch]) -> None:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = "".join(part.metrics() for part in parts).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            pass

    server = MetricsServer(("", METRICS_PORT), Answer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("/etc/pgha/tls.crt", "/run/secrets/tls_key")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


def read_configuration(path: str) -> tuple[dict[str, dict[str, str]], configparser.SectionProxy]:
    """Where its databases are, and its settings."""
    ini = configparser.ConfigParser(interpolation=None)
    ini.read(path)
    databases = {name: dict(re.findall(r"(\w+)=(\S+)", line)) for name, line in ini["databases"].items()}
    return databases, ini["pgbouncer"]


def main(configuration: str, alive: Callable[[], None]) -> None:
    """Calls `alive` once a second; returns when a part of it hangs."""
    set_wait_callback(wait)
    entries, settings = read_configuration(configuration)
    user = settings["auth_user"]
    # A pause ends while its clients still wait
    limit = float(settings["query_wait_timeout"]) / 2
    login = {"user": user, "password": dict(re.findall(r'"(.*)" "(.*)"', Path("/run/secrets/userlist").read_text()))[user]}
    switch = Switch(PoolerConsole(settings["min_pool_size"]))
    threading.Thread(target=switch.watch, daemon=True).start()
    parts: list[Database | Switch] = [switch]
    readers: dict[str, Readers] = {}
    for name, entry in entries.items():
        if name.endswith("_ro"):
            standby = partial(reaches_standby, entry["host"].split(","), partial(connect, entry, False, login))
            # It goes with the proxies' checks, which are several times as frequent
            readers[name] = Readers(name, float(settings["server_connect_timeout"]), PoolerConsole(settings["min_pool_size"]), standby)
            threading.Thread(target=readers[name].watch, daemon=True).start()
    for name, entry in entries.items():
        writes = not name.endswith("_ro")
        moved = readers[f"{name}_ro" if writes else name].moved
        # Reads go to several servers: one that is lost leaves the pooler others
        database = Database(name, 0 if writes else 1, limit, PoolerConsole(settings["min_pool_size"]), Path(f"/tmp/keeper-{name}"), returned=moved)
        parts.append(database)
        ways = Ways(entry["host"].split(","), partial(connect, entry, writes, login))
        threading.Thread(target=keep, args=(database, ways), daemon=True).start()
    threading.Thread(target=serve_metrics, args=(parts,), daemon=True).start()
    while all(time.monotonic() - part.alive_at < STEP_SECONDS for part in parts):
        alive()
        time.sleep(1)
