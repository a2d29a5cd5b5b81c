"""quick-patroni on a fake Patroni: a module with functions of the same names. The real one is asked in test/e2e."""

import contextlib
import io
import socket
import sys
import threading
import time
import types
import unittest
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from unittest import mock

PROGRAM = Path(__file__).parents[3] / "images/postgres/quick-patroni"

FAKE_HA = """
import time
def run_cycle():
    def on_shutdown():
        time.sleep(1)
    on_shutdown()
def demote():
    time.sleep(2)
def process_unhealthy_cluster():
    time.sleep(2)
def should_run_scheduled_action(delta):
    time.sleep(delta)
now = lambda: time.time()
"""

VOTING = ("_is_healthiest_node", "fetch_node_status", "acquire_lock", "update_failsafe", "_get_node_to_follow", "process_sync_replication_prepromote")


class Config:
    """As in patroni/config.py."""

    def __get_and_maybe_adjust_int_value(self, config: dict, param: str, min_value: int) -> int:
        config[param] = max(config[param], min_value)
        return config[param]

    def adjust(self, config: dict) -> dict:
        for param, least in ("loop_wait", 1), ("retry_timeout", 3), ("ttl", 20):
            self.__get_and_maybe_adjust_int_value(config, param, least)
        return config


class Named:
    """As the keys of Patroni's schema that may be left out."""

    def __init__(self, name: str) -> None:
        self.name = name


class FakeSlots:
    """As in patroni/postgresql/slots.py, where everything is to be ignored."""

    def __init__(self, primary: bool) -> None:
        self._postgresql = types.SimpleNamespace(is_primary=lambda: primary)

    def ignore_replication_slot(self, cluster: object, name: str) -> bool:
        return True

    def pg_replication_slots_query(self, use_function: bool = False) -> str:
        return f"SELECT slot_name FROM {'pg_get_replication_slots()' if use_function else 'pg_replication_slots'} WHERE NOT temporary AND NOT failover"


class FakeApi(ThreadingMixIn, HTTPServer):
    """As Patroni's: workers are few, and each waits for its connection to say something."""

    def __init__(self):
        self.workers, self.said = ThreadPoolExecutor(2), []
        super().__init__(("127.0.0.1", 0), FakeHandler)

    def process_request(self, request, address):
        self.workers.submit(self.process_request_thread, request, address)

    def shutdown(self):
        self.said.append("shutdown")
        super().shutdown()

    def handle_error(self, request, address):
        pass


class FakeHandler(BaseHTTPRequestHandler):
    def parse_request(self):
        return super().parse_request()

    def query(self, sql):
        return self.rows

    def _write_json_response(self, status, response):
        pass

    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class QuickPatroni(unittest.TestCase):
    def setUp(self) -> None:
        self.load()

    def load(self, without: str = "") -> str:
        """What it says where a place of Patroni's is not there."""
        fakes = {name: types.ModuleType(name) for name in ("patroni", "patroni.postgresql", "patroni.postgresql.slots", "patroni.ha", "patroni.api", "patroni.request", "patroni.dcs", "patroni.config", "patroni.validator", "patroni.dcs.etcd", "patroni.dcs.etcd3", "patroni.__main__", "urllib3")}
        for name, module in fakes.items():
            parent, _, child = name.rpartition(".")
            if parent:
                setattr(fakes[parent], child, module)
        fakes["patroni.postgresql"].STOP_POLLING_INTERVAL = 1
        fakes["patroni.__main__"].main = lambda: None
        self.config = fakes["patroni.config"].Config = type("Config", (Config,), {})
        self.ttl = types.SimpleNamespace(min=20)
        schema = {"scope": str, Named("bootstrap"): {"dcs": {Named("ttl"): self.ttl}}}
        fakes["patroni.validator"].schema = types.SimpleNamespace(validator=schema)
        self.etcd = fakes["patroni.dcs.etcd"]
        self.etcd.DnsCachingResolver = type("DnsCachingResolver", (), {"resolve": lambda self, host, port: time.sleep(60)})
        self.slots = fakes["patroni.postgresql.slots"].SlotsHandler = type("SlotsHandler", (FakeSlots,), {})
        fakes["urllib3"].Timeout = dict
        self.request = fakes["patroni.request"].PatroniRequest = type("PatroniRequest", (), {"request": lambda self, *arguments, **options: options})
        self.api = fakes["patroni.api"].RestApiServer = type("RestApiServer", (FakeApi,), {})
        fakes["patroni.api"].RestApiHandler = FakeHandler
        parse = FakeHandler.parse_request
        self.addCleanup(setattr, FakeHandler, "parse_request", parse)
        fakes["patroni.api"].check_access = lambda answer: answer
        self.asked: list = []
        possible = lambda ha, **asked: self.asked.append(asked) or self.answers.pop(0)  # noqa: E731
        fakes["patroni.ha"].Ha = type("Ha", (), {**dict.fromkeys(VOTING), "is_failover_possible": possible})
        fakes["patroni.postgresql"].Postgresql, fakes["patroni.dcs.etcd3"].PatroniEtcd3Client = type("Postgresql", (), {"follow": None}), type("Client", (), {"txn": None})
        exec(FAKE_HA, fakes["patroni.ha"].__dict__)
        self.ha, self.postgresql = fakes["patroni.ha"], fakes["patroni.postgresql"]
        if without:
            module, _, name = without.rpartition(".")
            delattr(fakes[module], name)
        loader = SourceFileLoader("quick_patroni", str(PROGRAM))
        self.quick = module_from_spec(spec_from_loader("quick_patroni", loader))
        said = io.StringIO()
        with mock.patch.dict(sys.modules, fakes), mock.patch.object(sys, "dont_write_bytecode", True), contextlib.redirect_stderr(said):
            loader.exec_module(self.quick)
        return said.getvalue()

    def slept(self, action: str, *arguments: float) -> float:
        with mock.patch.object(time, "sleep") as sleep:
            getattr(self.ha, action)(*arguments)
        return sleep.call_args.args[0]

    def test_waits_of_a_planned_change_are_short(self) -> None:
        self.assertEqual([self.slept("run_cycle"), self.slept("demote"), self.slept("process_unhealthy_cluster")], [0.2, 0.5, 0.5])
        self.assertEqual(self.postgresql.STOP_POLLING_INTERVAL, 0.1)

    def test_who_has_stopped_asks_again_until_somebody_has_all_of_its_wal(self) -> None:
        ask = lambda **options: self.ha.Ha().is_failover_possible(**options)  # noqa: E731
        with mock.patch.object(time, "sleep"), mock.patch.object(time, "monotonic", lambda: float(len(self.asked))):
            self.answers = [False, False, True]
            self.assertTrue(ask(cluster_lsn=7))
            self.assertEqual(self.asked, [{"cluster_lsn": 7}] * 3)
            self.asked.clear()
            self.answers = [False] * 9
            self.assertFalse(ask(cluster_lsn=7), "for a few seconds")
            self.asked.clear()
            self.answers = [False]
            self.assertFalse(ask(exclude_failover_candidate=True), "one that has not stopped asks once")

    def test_an_api_that_has_ended_gives_its_port_up(self) -> None:
        api, _ = self.serve()
        api.shutdown()
        self.assertEqual(api.said, ["shutdown"])
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(api.server_address)

    def serve(self):
        api = self.api()
        api.timeout = 5
        threading.Thread(target=api.serve_forever, args=(0.05,), daemon=True).start()
        self.addCleanup(api.server_close)
        ask = lambda: urllib.request.urlopen(f"http://127.0.0.1:{api.server_address[1]}/", timeout=3).status  # noqa: E731
        return api, ask

    def connect(self, api, said=b""):
        connection = socket.create_connection(api.server_address)
        connection.sendall(said)
        self.addCleanup(connection.close)
        return connection

    def test_connections_that_say_nothing_hold_no_worker_and_are_cut(self) -> None:
        self.quick.REQUEST_SECONDS = 1
        api, ask = self.serve()
        silent = [self.connect(api) for _ in range(50)]
        time.sleep(0.3)
        self.assertEqual([ask() for _ in range(5)], [200] * 5)
        for connection in silent:
            connection.settimeout(3)
            self.assertEqual(connection.recv(1), b"")

    def test_a_request_that_comes_byte_by_byte_holds_a_worker_for_as_long_as_a_request_may_take(self) -> None:
        self.quick.REQUEST_SECONDS = 0.5
        api, ask = self.serve()
        slow = [self.connect(api, b"G") for _ in range(2)]
        started = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() < started + 3:
                time.sleep(0.2)
                for connection in slow:
                    connection.sendall(b"E")
        self.assertLess(time.monotonic() - started, 2.5)
        self.assertEqual(ask(), 200)

    def test_a_ttl_below_20_stays_and_what_would_not_hold_together_does_not(self) -> None:
        self.assertEqual(self.config().adjust({"ttl": 8, "loop_wait": 1, "retry_timeout": 3}), {"ttl": 8, "loop_wait": 1, "retry_timeout": 3})
        self.assertEqual(self.config().adjust({"ttl": 2, "loop_wait": 0, "retry_timeout": 1}), {"ttl": 7, "loop_wait": 1, "retry_timeout": 3})

    def test_its_own_check_of_a_configuration_takes_what_it_takes(self) -> None:
        self.assertEqual(self.ttl.min, 7)

    def test_an_address_is_looked_up_beside_and_the_last_one_serves_meanwhile(self) -> None:
        self.quick.FRESH_SECONDS, self.quick.FIRST_SECONDS = 0.1, 0.2
        answers, blocked = ["10.0.0.1"], threading.Event()
        self.addCleanup(blocked.set)

        def look_up(host, port, *_):
            if not answers:
                blocked.wait(10)
                raise socket.gaierror
            return [(2, 1, 6, "", (answers[0], port))]

        resolver = self.etcd.DnsCachingResolver()
        with mock.patch.object(socket, "getaddrinfo", look_up):
            at = lambda: [address for *_, (address, _) in resolver.resolve("postgres-2", 8008)]  # noqa: E731
            self.assertEqual(at(), ["10.0.0.1"])
            answers[0] = "10.0.0.2"
            time.sleep(0.4)
            self.assertEqual(at(), ["10.0.0.2"])
            answers.clear()
            time.sleep(0.4)
            started = time.monotonic()
            self.assertEqual(at(), ["10.0.0.2"])
            self.assertEqual(resolver.resolve("gone", 8008), [])
            self.assertLess(time.monotonic() - started, 1)

    def test_a_slot_of_another_stays_on_a_primary_and_goes_from_a_former_one(self) -> None:
        self.assertEqual([self.slots(primary).ignore_replication_slot(None, "debezium") for primary in (True, False)], [True, False])
        for use_function in (True, False):
            self.assertRegex(self.slots(False).pg_replication_slots_query(use_function), r"WHERE NOT temporary AND NOT \(failover AND \(synced OR NOT \S*pg_is_in_recovery\(\)\)\)$")

    def test_slots_that_a_member_has_for_good_are_told(self) -> None:
        self.assertRegex(self.quick.SLOTS, r"failover AND NOT temporary AND invalidation_reason IS NULL AND \(synced OR NOT \S*pg_is_in_recovery\(\)\)$")
        rows = [("warehouse", "app", False, "2026-01-02T03:04:05Z")]
        told = []
        with mock.patch.object(FakeHandler, "_write_json_response", lambda _, *answer: told.append(answer)):
            self.load()
            FakeHandler.do_GET_slots(mock.Mock(spec=[], rows=rows))
            FakeHandler.do_GET_slots(mock.Mock(spec=[]))
        self.assertEqual(told, [(200, {"slots": [{"name": "warehouse", "database": "app", "active": False, "unreadSince": "2026-01-02T03:04:05Z"}]}), (503, {})])

    def test_a_place_that_is_gone_is_named_and_the_others_are_changed(self) -> None:
        for gone, change in (("patroni.dcs.etcd.DnsCachingResolver", "addresses_looked_up_beside"), ("patroni.request.PatroniRequest", "short_connects"),
                             ("patroni.api.RestApiHandler", "no_held_workers"), ("patroni.api.RestApiHandler", "slots_told"),
                             ("patroni.postgresql.STOP_POLLING_INTERVAL", "stop_polling"), ("patroni.config.Config", "least_ttl"),
                             ("patroni.validator.schema", "least_ttl_is_valid"), ("patroni.postgresql.slots.SlotsHandler", "slots_of_a_former_primary_go"),
                             ("patroni.dcs.etcd3.PatroniEtcd3Client", "binding_votes")):
            self.assertIn(f"quick-patroni: left out, {change}: ", self.load(gone))
            self.assertEqual(self.slept("demote"), 0.5)
        self.assertEqual(self.load(), "")

    def test_other_waits_and_clocks_stay(self) -> None:
        self.assertEqual([self.slept("should_run_scheduled_action", 3), self.slept("should_run_scheduled_action", 0.1)], [3, 0.1])
        self.assertAlmostEqual(self.ha.now(), time.time(), delta=5)

    def test_a_lost_host_is_given_up_sooner_and_a_slow_answer_is_not(self) -> None:
        ask = self.request().request
        self.assertEqual(ask("GET", "/patroni", timeout=2, retries=0), {"timeout": {"connect": 1.2, "read": 2}, "retries": 0})
        self.assertEqual(ask("GET", "/patroni", timeout=0.5), {"timeout": {"connect": 0.5, "read": 0.5}})
        self.assertEqual(ask("POST", "/switchover", None, retries=1), {"retries": 1})


if __name__ == "__main__":
    unittest.main()
