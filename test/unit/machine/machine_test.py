"""apply, leadership and secret_files against a systemd, a Patroni and an AWS CLI that are played. Started by machine.test.ts."""

import json
import os
import pwd
import grp
import subprocess
import sys
import tempfile
import time
import types
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parents[3] / "machine"))

import apply  # noqa: E402
import leadership  # noqa: E402
import secret_files  # noqa: E402

ME = f"{pwd.getpwuid(os.getuid()).pw_name}:{grp.getgrgid(os.getgid()).gr_name}"
apply.log = lambda text: None
apply.START_SECONDS = apply.HEALTH_SECONDS = 0.05
apply.time = types.SimpleNamespace(monotonic=time.monotonic, sleep=lambda seconds: time.sleep(0.01))


class Systemd:
    """Remembers what it was told; units whose names are in `broken` stop when they are started, `sick` ones run and are not well."""

    def __init__(self):
        self.told, self.active, self.broken, self.sick = [], set(), set(), set()

    def run(self, *command):
        code = 0
        if command[0] == "systemctl":
            verb, unit = command[1], command[-1]
            if verb == "is-active":
                code = 0 if unit in self.active else 3
            else:
                self.told.append(f"{verb} {unit}".replace("daemon-reload daemon-reload", "daemon-reload"))
                if verb in ("start", "restart", "reload"):
                    (self.active.discard if unit in self.broken else self.active.add)(unit)
        elif command[0] not in ("journalctl", "/usr/local/lib/pgha/disks"):
            code = 1 if command[0] in self.sick else 0
        return subprocess.CompletedProcess(command, code, "its last words", "")

    def acts(self):
        return [line for line in self.told if line.split()[0] in ("start", "restart", "reload") and "pgha-secrets" not in line]


class Apply(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.systemd, self.handovers, self.fetched = Systemd(), [], []
        apply.STATE = self.folder / "state"
        apply.run = self.systemd.run
        apply.write = lambda path, content, owner, mode: write(path, content, ME, mode)
        apply.write_hosts = lambda block: None
        apply.leadership = types.SimpleNamespace(
            wait_for_others=lambda: self.handovers.append("wait"), leave=lambda order: self.handovers.append(order), Refused=leadership.Refused)
        apply.secret_files = types.SimpleNamespace(fetch=self.fetched.append, Missing=secret_files.Missing)
        self.files = {"unit": "1", "main.yml": "1", "reloaded.ini": "1"}

    def bundle(self):
        at = lambda name: str(self.folder / name)
        return {
            "files": {at(name): {"content": content, "owner": "root:root", "mode": "0644"} for name, content in self.files.items()},
            "hosts": "", "host": [{"unit": "systemd-sysctl.service", "restart": [at("unit")]}], "before": ["pgha-secrets.service"], "secrets": [],
            "successors": ["postgres-3", "postgres-2"],
            "services": [{"unit": "patroni", "restart": [at("unit"), at("main.yml")], "health": "patroni-health", "leads": True, "formed": at("PG_VERSION")},
                         {"unit": "pooler", "restart": [], "reload": [at("reloaded.ini")], "health": "pooler-health"}],
        }

    def apply(self):
        self.systemd.told.clear()
        self.handovers.clear()
        path = self.folder / "bundle.json"
        path.write_text(json.dumps(self.bundle()))
        apply.main(str(path))
        return self.systemd.acts()

    def test_starts_everything_at_first_and_asks_nobody_to_hand_over(self):
        self.assertEqual(self.apply(), ["restart systemd-sysctl.service", "start patroni", "start pooler"])
        self.assertIn("enable patroni", self.systemd.told)
        self.assertEqual(self.handovers, [])

    def test_does_nothing_where_nothing_differs(self):
        self.apply()
        self.assertEqual(self.apply(), [])

    def test_restarts_a_leader_after_it_has_handed_over(self):
        self.apply()
        self.files["main.yml"] = "2"
        self.assertEqual(self.apply(), ["restart patroni"])
        self.assertEqual(self.handovers, ["wait", ["postgres-3", "postgres-2"]])

    def test_reloads_what_can_be_reloaded(self):
        self.apply()
        self.files["reloaded.ini"] = "2"
        self.assertEqual(self.apply(), ["reload pooler"])
        self.assertEqual(self.handovers, [])

    def test_a_service_that_an_earlier_run_left_unwell_stops_the_next_one_too(self):
        self.apply()
        self.files["reloaded.ini"] = "2"
        self.systemd.sick.add("pooler-health")
        for _ in range(2):
            with self.assertRaisesRegex(apply.Failed, "(?s)pooler .*healthy.*its last words"):
                self.apply()

    def test_a_machine_that_was_replaced_is_done_when_its_data_is_served_again(self):
        (self.folder / "PG_VERSION").write_text("18")
        self.systemd.sick.add("patroni-health")
        with self.assertRaisesRegex(apply.Failed, "(?s)patroni is not healthy.*its last words"):
            self.apply()

    def test_a_new_member_may_wait_for_machines_that_are_not_there_yet(self):
        self.systemd.sick.add("patroni-health")
        self.assertIn("start patroni", self.apply())

    def test_a_sick_service_is_restarted_without_a_handover(self):
        self.apply()
        self.files["main.yml"] = "2"
        self.systemd.sick.add("patroni-health")
        self.assertEqual(self.apply(), ["restart patroni"])
        self.assertEqual(self.handovers, [])

    def test_fails_where_a_service_does_not_come_back_and_tries_again_the_next_time(self):
        self.apply()
        self.files["main.yml"] = "2"
        self.systemd.broken.add("patroni")
        with self.assertRaisesRegex(apply.Failed, "(?s)patroni did not become healthy.*its last words"):
            self.apply()
        self.systemd.broken.clear()
        self.assertEqual(self.apply(), ["start patroni"])

    def test_a_refused_handover_restarts_nothing_and_is_not_forgotten(self):
        self.apply()
        self.files["main.yml"] = "2"

        def refuse(order):
            raise leadership.Refused("no standby streams")
        kept, apply.leadership.leave = apply.leadership.leave, refuse
        with self.assertRaises(leadership.Refused):
            self.apply()
        self.assertEqual(self.systemd.acts(), [])
        apply.leadership.leave = kept
        self.assertEqual(self.apply(), ["restart patroni"], "the file on the disk is the new one already")

    def test_removes_what_is_in_the_bundle_no_more(self):
        self.files["gone"] = "1"
        self.apply()
        del self.files["gone"]
        self.apply()
        self.assertFalse((self.folder / "gone").exists())
        self.assertTrue((self.folder / "main.yml").exists())


from atomic import write  # noqa: E402


class Hosts(unittest.TestCase):
    def test_replaces_its_own_part_of_the_file_alone(self):
        path = Path(tempfile.mkdtemp()) / "hosts"
        path.write_text("127.0.0.1 localhost\n")
        text = Path(__file__).parents[3].joinpath("machine/apply.py").read_text().replace('Path("/etc/hosts")', f'Path("{path}")')
        module: dict = {"__name__": "other"}
        exec(compile(text, "apply", "exec"), module)
        module["log"] = lambda line: None
        for block in ("10.0.0.1 a\n10.0.0.2 b\n", "10.0.0.9 c\n"):
            module["write_hosts"](block)
        self.assertEqual(path.read_text(), "127.0.0.1 localhost\n# pgha begin\n10.0.0.9 c\n# pgha end\n")


class Leadership(unittest.TestCase):
    def setUp(self):
        self.asked, self.role = [], "primary"
        self.members = [{"name": f"postgres-{n}", "role": role, "state": state} for n, role, state in (
            (1, "leader", "running"), (2, "replica", "streaming"), (3, "quorum_standby", "streaming"), (4, "quorum_standby", "streaming"))]
        self.refuses: set = set()
        leadership.call = self.call
        leadership.subprocess = types.SimpleNamespace(run=lambda *command, **options: None, TimeoutExpired=subprocess.TimeoutExpired)
        leadership.OTHERS_SECONDS = 0

    def call(self, method, path, body=None, seconds=10):
        if path == "/patroni":
            return {"role": self.role, "state": "running", "patroni": {"name": "postgres-1"}}
        if path == "/cluster":
            return {"members": self.members}
        self.asked.append(body["candidate"])
        if body["candidate"] in self.refuses:
            raise leadership.Refused("412")
        self.role = "replica"
        return "Successfully switched over"

    def test_goes_to_the_wanted_one_of_those_that_have_every_commit(self):
        leadership.leave(["postgres-2", "postgres-4", "postgres-3"])
        self.assertEqual(self.asked, ["postgres-4"])

    def test_goes_to_the_next_one_where_the_first_is_refused(self):
        self.refuses = {"postgres-4"}
        leadership.leave(["postgres-4", "postgres-3"])
        self.assertEqual(self.asked, ["postgres-4", "postgres-3"])

    def test_is_refused_with_the_reason_where_nobody_can(self):
        self.refuses = {"postgres-3", "postgres-4"}
        with self.assertRaisesRegex(leadership.Refused, "postgres-1 could not hand over: postgres-4: 412"):
            leadership.leave(["postgres-3", "postgres-4"])

    def test_goes_on_without_a_checkpoint_that_takes_too_long(self):
        def too_long(command, **options):
            self.assertLess(options["timeout"] + leadership.SWITCH_SECONDS, 120)
            raise subprocess.TimeoutExpired(command, options["timeout"])
        leadership.subprocess.run = too_long
        leadership.leave(["postgres-4"])
        self.assertEqual(self.asked, ["postgres-4"])

    def test_is_nothing_on_a_standby_and_on_a_server_alone(self):
        self.members = self.members[:1]
        leadership.leave([])
        self.role = "replica"
        leadership.leave(["postgres-3"])
        self.assertEqual(self.asked, [])

    def test_waits_for_the_others_and_names_who_is_not_well(self):
        leadership.wait_for_others()
        self.members[2]["state"] = "start failed"
        with self.assertRaisesRegex(leadership.Refused, "postgres-3 is start failed"):
            leadership.wait_for_others()


class Secrets(unittest.TestCase):
    def setUp(self):
        self.folder, self.calls = Path(tempfile.mkdtemp()), []
        self.known = {f"/pgha/c/edge/{n}": f"value {n}\n" for n in range(12)}
        secret_files.subprocess = types.SimpleNamespace(run=self.run_aws)
        secret_files.Path = lambda path: self.folder / str(path).lstrip("/")
        (self.folder / "run").mkdir()

    def run_aws(self, command, **options):
        names = command[command.index("--names") + 1:]
        self.calls.append(len(names))
        answer = {"Parameters": [{"Name": name, "Value": self.known[name]} for name in names if name in self.known],
                  "InvalidParameters": [name for name in names if name not in self.known]}
        return subprocess.CompletedProcess(command, 0, json.dumps(answer), "")

    def fetch(self, names):
        secret_files.fetch([{"parameter": name, "path": f"/run/secrets/{name[-1]}{len(name)}", "owner": ME, "mode": "0600"} for name in names], -1)

    def test_become_files_that_nobody_else_reads_ten_at_a_call(self):
        self.fetch(list(self.known))
        self.assertEqual(self.calls, [10, 2])
        file = self.folder / "run/secrets/014"
        self.assertEqual((file.read_text(), file.stat().st_mode & 0o777), ("value 0\n", 0o600))

    def test_name_the_parameter_that_is_not_there(self):
        with self.assertRaisesRegex(secret_files.Missing, "/pgha/c/edge/other"):
            self.fetch(["/pgha/c/edge/other"])


unittest.main()
