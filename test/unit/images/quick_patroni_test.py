"""quick-patroni on a fake Patroni: a module with functions of the same names. The real one is asked in test/e2e."""

import sys
import time
import types
import unittest
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


class Config:
    """As in patroni/config.py."""

    def __get_and_maybe_adjust_int_value(self, config: dict, param: str, min_value: int) -> int:
        config[param] = max(config[param], min_value)
        return config[param]

    def adjust(self, config: dict) -> dict:
        for param, least in ("loop_wait", 1), ("retry_timeout", 3), ("ttl", 20):
            self.__get_and_maybe_adjust_int_value(config, param, least)
        return config


class QuickPatroni(unittest.TestCase):
    def setUp(self) -> None:
        fakes = {name: types.ModuleType(name) for name in ("patroni", "patroni.postgresql", "patroni.ha", "patroni.api", "patroni.request", "patroni.dcs", "patroni.config", "patroni.dcs.etcd", "patroni.__main__", "urllib3")}
        for name, module in fakes.items():
            parent, _, child = name.rpartition(".")
            if parent:
                setattr(fakes[parent], child, module)
        fakes["patroni.postgresql"].STOP_POLLING_INTERVAL = 1
        fakes["patroni.__main__"].main = lambda: None
        self.config = fakes["patroni.config"].Config = Config
        self.etcd = fakes["patroni.dcs.etcd"]
        self.etcd.DnsCachingResolver = type("DnsCachingResolver", (), {"__init__": lambda self, cache_time=600.0, cache_fail_time=30.0: setattr(self, "times", (cache_time, cache_fail_time))})
        fakes["urllib3"].Timeout = dict
        self.request = fakes["patroni.request"].PatroniRequest = type("PatroniRequest", (), {"request": lambda self, *arguments, **options: options})
        self.api = fakes["patroni.api"].RestApiServer = type("RestApiServer", (), {"shutdown": lambda self: self.said.append("shutdown")})
        exec(FAKE_HA, fakes["patroni.ha"].__dict__)
        self.ha, self.postgresql = fakes["patroni.ha"], fakes["patroni.postgresql"]
        loader = SourceFileLoader("quick_patroni", str(PROGRAM))
        with mock.patch.dict(sys.modules, fakes), mock.patch.object(sys, "dont_write_bytecode", True):
            loader.exec_module(module_from_spec(spec_from_loader("quick_patroni", loader)))

    def slept(self, action: str, *arguments: float) -> float:
        with mock.patch.object(time, "sleep") as sleep:
            getattr(self.ha, action)(*arguments)
        return sleep.call_args.args[0]

    def test_waits_of_a_planned_change_are_short(self) -> None:
        self.assertEqual([self.slept("run_cycle"), self.slept("demote"), self.slept("process_unhealthy_cluster")], [0.2, 0.5, 0.5])
        self.assertEqual(self.postgresql.STOP_POLLING_INTERVAL, 0.1)

    def test_an_api_that_has_ended_gives_its_port_up(self) -> None:
        api = self.api()
        api.said = []
        api.socket = types.SimpleNamespace(close=lambda: api.said.append("close"))
        api.shutdown()
        self.assertEqual(api.said, ["shutdown", "close"])

    def test_a_ttl_below_20_stays_and_what_would_not_hold_together_does_not(self) -> None:
        self.assertEqual(self.config().adjust({"ttl": 8, "loop_wait": 1, "retry_timeout": 3}), {"ttl": 8, "loop_wait": 1, "retry_timeout": 3})
        self.assertEqual(self.config().adjust({"ttl": 2, "loop_wait": 0, "retry_timeout": 1}), {"ttl": 7, "loop_wait": 1, "retry_timeout": 3})

    def test_an_address_is_remembered_for_a_second(self) -> None:
        self.assertEqual(self.etcd.DnsCachingResolver().times, (1, 1))

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
