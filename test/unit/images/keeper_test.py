"""The keeper's decisions against a console that remembers, and run's supervision of real processes. Started by python.test.ts."""

import contextlib
import http.server
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types
import unittest
import urllib.request
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).parents[3]
IMAGE = ROOT / "images/pgbouncer"
sys.dont_write_bytecode = True
sys.path.insert(0, str(IMAGE))
extensions = types.SimpleNamespace(POLL_READ=1, set_wait_callback=None)
sys.modules["psycopg2"] = types.SimpleNamespace(Error=OSError, extensions=extensions)
sys.modules["psycopg2.extensions"] = extensions

import keeper  # noqa: E402

keeper.log = lambda text: None


class RememberingConsole:
    def __init__(self):
        self.said, self.held = [], False

    def paused(self, database):
        return self.held

    def pause(self, database):
        self.said.append("PAUSE")
        self.held = True

    def resume(self, database):
        self.said.append("RESUME")
        self.held = False


class Decisions(unittest.TestCase):
    def setUp(self):
        self.now = 1000.0
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.mark = Path(self.directory.name) / "app"
        self.console = RememberingConsole()

    def database(self, patience=0.0):
        return keeper.Database("app", patience, 60, self.console, self.mark, lambda: self.now)

    def missing(self, database, seconds):
        for _ in range(round(seconds * 10)):
            database.missing()
            self.now += 0.1

    def test_a_lost_session_is_a_pause_at_once_and_a_session_ends_it(self):
        database = self.database()
        database.reached()
        database.missing()
        self.assertEqual(self.console.said, ["PAUSE"])
        self.missing(database, 20)
        self.assertEqual(self.console.said, ["PAUSE"])
        database.reached()
        database.reached()
        self.assertEqual(self.console.said, ["PAUSE", "RESUME"])
        self.assertFalse(self.mark.exists())

    def test_a_lost_session_for_reads_is_no_pause_while_another_server_answers(self):
        database = self.database(patience=1)
        for _ in range(5):
            self.missing(database, 0.8)
            database.reached()
        self.assertEqual(self.console.said, [])
        self.missing(database, 1.2)
        self.assertEqual(self.console.said, ["PAUSE"])

    def test_someone_elses_pause_is_left_alone(self):
        self.console.held = True
        database = self.database()
        self.missing(database, 5)
        database.reached()
        self.missing(database, 100)
        self.assertEqual(self.console.said, [])

    def test_after_its_limit_a_pause_ends_and_does_not_come_back_before_a_session_stood(self):
        database = self.database()
        self.missing(database, 59)
        self.assertEqual(self.console.said, ["PAUSE"])
        self.missing(database, 200)
        self.assertEqual(self.console.said, ["PAUSE", "RESUME"])
        database.reached()
        database.missing()
        self.assertEqual(self.console.said, ["PAUSE", "RESUME", "PAUSE"])

    def test_a_new_keeper_takes_up_the_pause_of_one_that_died_and_its_limit(self):
        self.missing(self.database(), 40)
        successor = self.database()
        self.missing(successor, 10)
        self.assertEqual(self.console.said, ["PAUSE"])
        self.missing(self.database(), 15)
        self.assertEqual(self.console.said, ["PAUSE", "RESUME"])

    def test_a_keeper_that_dies_while_it_pauses_has_left_its_mark(self):
        self.console.pause = lambda database: self.fail("killed") if not self.mark.exists() else None
        self.database().missing()
        self.database().reached()
        self.assertEqual(self.console.said, ["RESUME"])

    def test_a_resume_that_fails_is_tried_again(self):
        database = self.database()
        database.missing()
        resume, self.console.resume = self.console.resume, lambda name: (_ for _ in ()).throw(OSError("busy"))
        with self.assertRaises(OSError):
            database.reached()
        self.console.resume = resume
        database.reached()
        self.assertEqual(self.console.said, ["PAUSE", "RESUME"])

    def test_a_pause_that_fails_is_tried_again_and_none_is_shown_meanwhile(self):
        database = self.database()
        pause, self.console.pause = self.console.pause, lambda name: (_ for _ in ()).throw(OSError("busy"))
        for _ in range(2):
            with self.assertRaises(OSError):
                database.missing()
        self.assertIn('paused{database="app"} 0\n', database.metrics())
        self.console.pause = pause
        database.missing()
        database.missing()
        self.assertEqual(self.console.said, ["PAUSE"])
        self.assertIn('paused{database="app"} 1\n', database.metrics())

    def test_metrics_count_pauses_and_their_seconds(self):
        database = self.database()
        self.missing(database, 3)
        self.assertIn('pgha_keeper_paused{database="app"} 1\n', database.metrics())
        database.reached()
        text = database.metrics()
        for line in ("paused{database=\"app\"} 0", "pauses_total{database=\"app\"} 1", "paused_seconds_total{database=\"app\"} 3"):
            self.assertIn(f"pgha_keeper_{line}\n", text)


class Console(unittest.TestCase):
    def console(self, paused, refuse=None):
        said = []

        class Session:
            def query(self, text, seconds):
                said.append(text)
                if text == refuse:
                    raise TimeoutError
                return [{"name": "app", "paused": paused}]

            def close(self):
                said.append("close")

        self.addCleanup(keeper.PoolerConsole.held.clear)
        console = keeper.PoolerConsole("10")
        console.session = Session()
        return console, said

    def test_a_pause_that_someone_else_ended_is_not_resumed(self):
        console, said = self.console(paused=0)
        console.resume("app")
        self.assertEqual(said, ["SHOW DATABASES", "SET min_pool_size = 10"])

    def test_a_pause_that_waits_for_running_statements_holds(self):
        console, said = self.console(paused=1, refuse="PAUSE app")
        session, connect = console.session, keeper.Session
        keeper.Session = lambda **parameters: session
        self.addCleanup(setattr, keeper, "Session", connect)
        console.pause("app")
        self.assertEqual(said, ["PAUSE app", "close", "SET min_pool_size = 0"])

    def test_the_pooler_logs_in_for_its_smallest_pool_only_outside_of_a_pause(self):
        console, said = self.console(paused=1)
        console.pause("app")
        console.resume("app")
        self.assertEqual(said, ["PAUSE app", "SET min_pool_size = 0", "SHOW DATABASES", "RESUME app", "SET min_pool_size = 10"])

    def test_the_smallest_pool_waits_for_the_last_database_that_is_paused(self):
        console, said = self.console(paused=1)
        console.pause("app")
        console.pause("app_ro")
        console.resume("app")
        self.assertEqual(said[-1], "RESUME app")
        console.resume("app_ro")
        self.assertEqual(said[-1], "SET min_pool_size = 10")


class ReadersOnThePrimary(unittest.TestCase):
    def setUp(self):
        self.now, self.said, self.standby = 1000.0, [], False
        console = types.SimpleNamespace(query=self.said.append)
        self.readers = keeper.Readers("app_ro", 2, console, lambda: self.standby, lambda: self.now)

    def look(self, seconds):
        for _ in range(seconds):
            self.readers.look()
            self.now += 1

    def test_go_back_once_after_a_change_when_the_proxies_have_seen_it_and_there_is_a_standby(self):
        self.standby = True
        self.look(5)
        self.assertEqual(self.said, [])
        self.readers.moved()
        self.look(2)
        self.assertEqual(self.said, [])
        self.look(10)
        self.assertEqual(self.said, ["RECONNECT app_ro"])

    def test_stay_as_long_as_there_is_no_standby(self):
        self.readers.moved()
        self.look(20)
        self.assertEqual(self.said, [])
        self.standby = True
        self.look(3)
        self.assertEqual(self.said, ["RECONNECT app_ro"])

    def test_are_told_again_where_the_pooler_did_not_hear_it(self):
        self.standby = True
        self.readers.console.query = mock.Mock(side_effect=[OSError("busy"), []])
        self.readers.moved()
        self.now += 2
        with self.assertRaises(OSError):
            self.readers.look()
        self.look(5)
        self.assertEqual(self.readers.console.query.call_count, 2)

    def test_are_looked_after_when_a_session_comes_back_and_not_at_the_first(self):
        with tempfile.TemporaryDirectory() as directory:
            back = mock.Mock()
            database = keeper.Database("app", 0, 60, RememberingConsole(), Path(directory) / "app", returned=back)
            database.reached()
            self.assertEqual(back.call_count, 0)
            database.missing()
            database.reached()
            database.reached()
            self.assertEqual(back.call_count, 1)

    def test_a_standby_is_told_by_the_first_proxy_that_leads_anywhere(self):
        def connect(proxy):
            if proxy == "down":
                raise OSError("Connection refused")
            return types.SimpleNamespace(query=lambda *_: [{"standby": proxy == "standby"}], close=lambda: None)

        for proxies, standby in ((["standby"], True), (["down", "standby"], True), (["primary", "standby"], False), (["down"], False)):
            self.assertEqual(keeper.reaches_standby(proxies, connect), standby)


class DeadMansSwitch(unittest.TestCase):
    def setUp(self):
        self.now, self.left, self.resumed = 1000.0, set(), []
        self.minima = 0
        console = types.SimpleNamespace(all_paused=lambda: set(self.left), resume=lambda name: self.resumed.append(name), keep_minimum=self.keep_minimum)
        self.switch = keeper.Switch(console, lambda: self.now)

    def keep_minimum(self):
        self.minima += 1

    def look(self, seconds):
        for _ in range(seconds):
            self.switch.look()
            self.now += 1

    def test_a_pause_that_nobody_ends_is_ended_and_counted(self):
        self.left = {"app"}
        self.look(keeper.WANTED_SECONDS)
        self.assertEqual(self.resumed, [])
        self.look(1)
        self.assertEqual(self.resumed, ["app"])
        self.assertEqual(self.switch.metrics(), "pgha_keeper_forgotten_pauses_total 1\n")

    def test_a_pause_is_as_old_as_the_last_look_at_which_there_was_none(self):
        for _ in range(5):
            self.left = {"app"}
            self.look(keeper.WANTED_SECONDS - 10)
            self.left = set()
            self.look(1)
        self.assertEqual((self.resumed, self.minima), ([], 5))


class Waiting(unittest.TestCase):
    patience = 5

    def until(self, condition):
        end = time.monotonic() + self.patience
        while not condition():
            self.assertLess(time.monotonic(), end, "it did not happen")
            time.sleep(0.02)


class Held(Waiting):
    """Ways with sessions that are sockets to this test."""

    def setUp(self):
        self.far, self.down, self.silent = {}, set(), {}
        self.ways = keeper.Ways(["haproxy-1", "haproxy-2"], self.connect)
        for name, seconds in (("HEARTBEAT_SECONDS", 0.05), ("PROXY_SECONDS", 0)):
            self.addCleanup(setattr, keeper, name, getattr(keeper, name))
            setattr(keeper, name, seconds)

    def connect(self, proxy):
        if proxy in self.down:
            raise OSError("Connection refused")
        near, self.far[proxy] = socket.socketpair()
        self.addCleanup(self.far[proxy].close)
        self.addCleanup(near.close)

        def query(text, seconds):
            if proxy in self.silent:
                self.silent[proxy].set()
                self.answer.wait(5)
            near.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                raise OSError(near.recv(100).decode())

        return types.SimpleNamespace(connection=near, query=query, close=near.close)

    def hold(self):
        sessions = self.ways.reach()
        self.ended, self.lost = [], []
        holder = threading.Thread(target=lambda: self.ended.append(self.ways.hold(sessions, lambda: None, lambda: self.lost.append("lost"))))
        holder.start()
        self.addCleanup(holder.join)
        self.addCleanup(lambda: [far.close() for far in self.far.values()])
        return holder

    def test_the_loss_of_a_session_through_any_proxy_is_seen(self):
        for lost in ("haproxy-1", "haproxy-2"):
            holder = self.hold()
            self.until(lambda: len(self.far) == 2)
            time.sleep(0.15)
            self.assertTrue(holder.is_alive())
            self.far[lost].close()
            holder.join(5)
            self.assertEqual(self.lost, ["lost"])
            self.far.clear()

    def test_a_session_that_gives_no_answer_hides_no_loss_of_another(self):
        holder = self.hold()
        self.until(lambda: len(self.far) == 2)
        asked, self.answer = threading.Event(), threading.Event()
        self.addCleanup(self.answer.set)
        self.silent = {"haproxy-1": asked}
        asked.wait(5)
        self.far["haproxy-2"].close()
        self.until(lambda: self.lost)
        holder.join(2)
        self.assertFalse(holder.is_alive())

    def test_a_session_that_was_ended_is_told_from_one_that_was_lost(self):
        for last, ended in (("due to administrator command", True), ("because of crash of another server process", False), ("", False)):
            holder = self.hold()
            self.far["haproxy-1"].send(f"FATAL:  terminating connection {last}".encode() if last else b"")
            self.far["haproxy-1"].close()
            holder.join(5)
            self.assertEqual(self.ended, [ended])

    def test_a_proxy_that_comes_back_gets_its_session(self):
        self.down = {"haproxy-1"}
        self.hold()
        time.sleep(0.15)
        self.assertEqual(list(self.far), ["haproxy-2"])
        self.down = set()
        self.until(lambda: "haproxy-1" in self.far)

    def test_without_a_server_there_is_none_and_a_refusal_is_an_answer(self):
        self.down = {"haproxy-1", "haproxy-2"}
        self.assertIsNone(self.ways.reach())
        refuse = keeper.Ways(["haproxy-1"], lambda proxy: (_ for _ in ()).throw(OSError("FATAL:  sorry, too many clients already")))
        self.assertEqual(refuse.reach(), {})


class Keeping(unittest.TestCase):
    def said(self, ended):
        """What happens from a session that stands to the next attempt, in order."""
        said = []
        say = lambda text: lambda *_: said.append(text)  # noqa: E731
        database = types.SimpleNamespace(alive=say("alive"), reached=say("reached"), missing=say("missing"))
        tries = iter([{"haproxy-1": "a session"}])
        ways = types.SimpleNamespace(reach=lambda: next(tries), hold=lambda *_: said.append("lost") or ended)
        with mock.patch.object(keeper.time, "sleep", lambda seconds: said.append(seconds)), self.assertRaises(StopIteration):
            keeper.keep(database, ways)
        return said

    def test_a_pause_comes_before_anything_else_and_the_next_attempt_soon(self):
        self.assertEqual(self.said(False), ["alive", "reached", "lost", "missing", 0.1, "alive"])

    def test_a_primary_that_is_about_to_stop_is_not_asked_while_it_still_answers(self):
        self.assertEqual(self.said(True), ["alive", "reached", "lost", "missing", 1, 0.1, "alive"])


class Metrics(Waiting):
    def test_connections_in_which_nothing_comes_hold_neither_the_metrics_nor_the_keepers_threads(self):
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        with mock.patch.object(keeper, "ASKING_SECONDS", 0.5):
            server = keeper.MetricsServer(("127.0.0.1", 0), Answer)
            self.addCleanup(server.server_close)
            before = threading.active_count()
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            self.addCleanup(server.shutdown)
            silent = [socket.create_connection(server.server_address) for _ in range(100)]
            for connection in silent:
                self.addCleanup(connection.close)
            time.sleep(0.2)
            self.assertLess(threading.active_count() - before, 2 * keeper.ASKING + 2)

            def answered():
                with contextlib.suppress(OSError):
                    return urllib.request.urlopen(f"http://127.0.0.1:{server.server_address[1]}/", timeout=1).status == 200

            self.until(answered)


class Reading(unittest.TestCase):
    def test_the_poolers_own_file_tells_where_its_databases_are(self):
        databases, settings = keeper.read_configuration(str(ROOT / "test/golden/default/pgbouncer-2-pgbouncer.ini"))
        self.assertEqual(list(databases), ["app", "app_ro"])
        self.assertEqual(databases["app_ro"]["host"], "pgha-dev-haproxy-2,pgha-dev-haproxy-1")
        self.assertEqual((databases["app"]["port"], databases["app_ro"]["port"]), ("5432", "5433"))
        self.assertEqual((settings["auth_user"], settings["query_wait_timeout"]), ("pgbouncer", "120"))

    def test_a_refusal_is_an_answer_and_a_starting_server_is_none(self):
        self.assertTrue(keeper.answered('FATAL:  password authentication failed for user "pgbouncer"'))
        self.assertTrue(keeper.answered("FATAL:  sorry, too many clients already"))
        for none in ("FATAL:  the database system is starting up", "server closed the connection unexpectedly", "Connection refused"):
            self.assertFalse(keeper.answered(none))


class Supervision(Waiting):
    """`run` with a pooler and a keeper that only write down what happens to them."""

    patience = 8

    def start(self, keeper_source):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.at = Path(directory.name)
        (self.at / "run").write_text((IMAGE / "run").read_text().replace("SILENCE_SECONDS = 5", "SILENCE_SECONDS = 0.5"))
        (self.at / "keeper.py").write_text(f"import os, signal, time\nlog = print\ndef main(configuration, alive):\n    open('keepers', 'a').write(f'{{os.getpid()}}\\n')\n{keeper_source}")
        pooler = self.at / "pgbouncer"
        pooler.write_text("#!/bin/sh\necho $$ >pooler\ntrap 'echo INT >>signals; exit 3' INT\ntrap 'echo TERM >>signals' TERM\nwhile :; do sleep 0.05; done\n")
        pooler.chmod(0o755)
        environment = {**os.environ, "PATH": f"{self.at}:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"}
        self.process = subprocess.Popen([sys.executable, "run"], cwd=self.at, env=environment, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        self.addCleanup(self.process.wait)
        self.addCleanup(os.killpg, self.process.pid, signal.SIGKILL)
        self.until(lambda: self.read("pooler") and self.read("keepers"))
        self.pooler = int(self.read("pooler")[0])

    def read(self, name):
        path = self.at / name
        return path.read_text().split() if path.exists() else []

    def test_a_stop_reaches_the_pooler_as_the_signal_that_does_not_wait_for_clients(self):
        for stop in (signal.SIGTERM, signal.SIGINT):
            self.start("    while True: alive(); time.sleep(0.1)\n")
            self.process.send_signal(stop)
            self.assertEqual(self.process.wait(5), 3)
            self.assertEqual(self.read("signals"), ["INT"])

    def test_the_poolers_end_is_the_end(self):
        self.start("    while True: alive(); time.sleep(0.1)\n")
        os.kill(self.pooler, signal.SIGKILL)
        self.assertEqual(self.process.wait(5), 137)

    def test_a_keeper_that_dies_is_replaced_and_the_pooler_stays(self):
        self.start("    alive(); time.sleep(0.1); raise SystemExit\n")
        self.until(lambda: len(self.read("keepers")) > 2)
        os.kill(self.pooler, 0)

    def test_a_keeper_that_hangs_is_replaced(self):
        self.start("    os.kill(os.getpid(), signal.SIGSTOP)\n")
        self.until(lambda: len(self.read("keepers")) > 1)
        os.kill(self.pooler, 0)


if __name__ == "__main__":
    unittest.main()
