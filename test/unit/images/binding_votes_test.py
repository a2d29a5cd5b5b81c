"""binding_votes on a fake Patroni: modules with classes and functions of the same names, and an etcd of one key."""

import json
import os
import signal
import sys
import types
import unittest
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parents[3] / "images/postgres"))
import binding_votes  # noqa: E402
from binding_votes import Promise, Vote, ends_receiving  # noqa: E402


class Sync:
    def __init__(self, leader: str = "p1", voters: tuple = ("p2", "p3"), quorum: int = 1, version: str = "7") -> None:
        self.leader, self.voters, self.quorum, self.version = leader, voters, quorum, version

    @property
    def members(self) -> list:
        return [self.leader, *self.voters]

    def leader_matches(self, name: str) -> bool:
        return self.leader == name


class Cluster:
    def __init__(self, leader: str = "", sync: Sync = Sync()) -> None:
        self.leader, self.sync = leader, sync

    def is_unlocked(self) -> bool:
        return not self.leader


class Dcs:
    """/sync, and what was asked."""

    def __init__(self, current: str = "7") -> None:
        self.current, self.written, self._client = current, [], types.SimpleNamespace(_cluster_id="e1")

    def write_sync_state(self, leader, voters, quorum, version):
        if version != self.current:
            return None
        self.current = str(int(version) + 1)
        self.written.append((leader, voters, quorum))
        return Sync(version=self.current)


class Postgresql:
    """A standby of p1."""

    def __init__(self, name: str = "p2", recovery: bool = True) -> None:
        self.name, self.recovery, self.conninfo, self.receiving, self.followed = name, recovery, "host=p1", True, []
        self.connection_pool = types.SimpleNamespace(get=lambda _: types.SimpleNamespace(query=self.query))

    def follow(self, member, *_, **options):
        self.conninfo = f"host={member.name}" if member else ""
        self.followed.append(member and member.name)

    def query(self, statement):
        if "pg_is_in_recovery" in statement:
            return [(self.recovery, self.conninfo)]
        return [("startup", 11, True, "0/1"), *([("walreceiver", 12, True, "0/1")] if self.receiving else [])]

    def signalled(self, pid, number):
        if (pid, number) == (12, signal.SIGTERM) and not self.conninfo:
            self.receiving = False

    def is_primary(self) -> bool:
        return not self.recovery

    def is_running(self) -> bool:
        return True

    def reset_cluster_info_state(self, _) -> None:
        self.fresh = True


class Ha:
    def __init__(self, postgres: Postgresql, cluster: Cluster, dcs: Dcs) -> None:
        self.state_handler, self.cluster, self.dcs, self.lease, self.woken = postgres, cluster, dcs, "", 0
        self.quorum = True

    def quorum_commit_mode_is_active(self) -> bool:
        return self.quorum

    def _is_healthiest_node(self, members) -> bool:
        self.answers = [self.fetch_node_status(member) for member in members]
        return True

    def fetch_node_status(self, member):
        return "asked as ever"

    def acquire_lock(self) -> bool:
        self.lease = self.state_handler.name
        return True

    def release_leader_key_voluntarily(self) -> None:
        self.lease = ""

    def process_sync_replication_prepromote(self) -> bool:
        return True

    def update_failsafe(self, data):
        return 42

    def _get_node_to_follow(self, cluster):
        return types.SimpleNamespace(name=cluster.leader, data={}) if cluster.leader else None

    def wakeup(self) -> None:
        self.woken += 1


class Client:
    def __init__(self) -> None:
        self.asked = []

    def txn(self, compare, success, failure=None, *, retry=None):
        self.asked.append(failure)
        return {"succeeded": True} if failure else {}


class Handler:
    def __init__(self, ha: Ha, asked: dict) -> None:
        self.asked, self.server = asked, types.SimpleNamespace(patroni=types.SimpleNamespace(ha=ha))

    def _read_json_content(self) -> dict:
        return self.asked

    def get_postgresql_status(self) -> dict:
        return {"receiving": self.server.patroni.ha.state_handler.receiving}

    def _write_status_response(self, code, state) -> None:
        self.answer = code, state

    def send_error(self, code) -> None:
        self.answer = code, None


VOTE = {"leader": "p1", "version": 7, "cluster": "e1"}


class BindingVotes(unittest.TestCase):
    def setUp(self) -> None:
        self.Ha, self.Postgresql, self.Client, self.Handler = (type(one.__name__, (one,), {}) for one in (Ha, Postgresql, Client, Handler))
        status = types.SimpleNamespace(unknown=lambda member: "unknown", from_api_response=lambda member, said: said)
        ha = types.SimpleNamespace(Ha=self.Ha, logger=mock.Mock(), _MemberStatus=status)
        api = types.SimpleNamespace(RestApiHandler=self.Handler, check_access=lambda answer: answer)
        for target, value in (("promise", Promise()), ("PAUSE_SECONDS", 0)):
            self.enterContext(mock.patch.object(binding_votes, target, value))
        binding_votes.bind(ha, api, types.SimpleNamespace(Postgresql=self.Postgresql), types.SimpleNamespace(PatroniEtcd3Client=self.Client))

    def member(self, cluster: Cluster = Cluster(), *, name: str = "p2", recovery: bool = True, current: str = "7"):
        postgres = self.Postgresql(name, recovery)
        self.enterContext(mock.patch.object(os, "kill", postgres.signalled))
        return self.Ha(postgres, cluster, Dcs(current)), postgres

    def vote(self, ha: Ha, **changes: object):
        handler = self.Handler(ha, {**VOTE, **changes})
        handler.do_POST_vote()
        return handler.answer

    def test_who_answers_receives_nothing_any_more(self) -> None:
        ha, postgres = self.member()
        self.assertEqual(self.vote(ha), (200, {"receiving": False}))
        self.assertEqual(postgres.conninfo, "")

    def test_an_answer_is_not_given_where_the_receiver_does_not_end(self) -> None:
        ha, postgres = self.member()
        with mock.patch.object(postgres, "signalled"), mock.patch.object(os, "kill"):
            self.assertEqual(self.vote(ha), (503, None))

    def test_a_primary_answers_and_goes_on(self) -> None:
        ha, postgres = self.member(name="p1", recovery=False)
        self.assertEqual(self.vote(ha), (200, {"receiving": True}))
        self.assertEqual(postgres.followed, [])

    def test_a_voter_follows_whoever_leads_but_not_the_old_leader_by_what_was_seen_before(self) -> None:
        ha, postgres = self.member()
        self.vote(ha)
        for cluster, follows in ((Cluster("p1"), None), (Cluster("p1", Sync(version="6")), None), (Cluster("p3"), "p3"), (Cluster("p1"), None), (Cluster("p1", Sync(version="8")), "p1")):
            postgres.follow(ha._get_node_to_follow(cluster))
            self.assertEqual(postgres.followed[-1], follows)

    def test_a_vote_for_an_etcd_that_is_gone_binds_nobody(self) -> None:
        ha, postgres = self.member()
        self.vote(ha)
        ha.dcs._client._cluster_id = "e2"
        postgres.follow(ha._get_node_to_follow(Cluster("p1", Sync(version="2"))))
        self.assertEqual(postgres.followed[-1], "p1")

    def test_a_question_that_comes_late_stops_nothing(self) -> None:
        ha, postgres = self.member(Cluster("p1", Sync(version="8")))
        self.assertEqual(self.vote(ha), (503, None))
        self.assertTrue(postgres.receiving)
        self.assertEqual(ha.woken, 1)
        for wrong in ({"version": "x"}, {"leader": None, "version": None}):
            self.assertEqual(self.vote(ha, **wrong), (400, None))

    def test_a_leader_that_was_voted_against_does_not_go_on_by_failsafe(self) -> None:
        ha, _ = self.member()
        self.assertEqual(ha.update_failsafe({"name": "p1"}), 42)
        self.vote(ha)
        self.assertEqual(ha.update_failsafe({"name": "p1"}), "Voted for another leader")
        self.assertEqual(ha.update_failsafe({"name": "p3"}), 42)
        ha.cluster = Cluster("p1", Sync(version="8"))
        self.assertEqual(ha.update_failsafe({"name": "p1"}), 42)

    def test_who_would_lead_binds_the_others_and_itself_and_a_member_of_an_older_release_is_asked_as_ever(self) -> None:
        ha, postgres = self.member()
        asked = []

        def request(member, *question, **_):
            asked.append((member, *question))
            return types.SimpleNamespace(status={"p3": 200, "p4": 501}.get(member.name, 503), data=json.dumps({"lsn": 3}).encode())

        ha.patroni = types.SimpleNamespace(request=request)
        members = [types.SimpleNamespace(name=name, api_url="") for name in ("p3", "p4", "p5")]
        self.assertTrue(ha._is_healthiest_node(members))
        self.assertEqual(asked[0], (members[0], "post", "vote", VOTE))
        self.assertEqual(ha.answers, [{"lsn": 3}, "asked as ever", "unknown"])
        self.assertEqual((postgres.receiving, postgres.fresh), (False, True))
        self.assertEqual(ha.fetch_node_status(members[0]), "asked as ever", "beside a race")

    def test_who_takes_the_leadership_moves_sync_on_or_gives_it_back(self) -> None:
        ha, _ = self.member()
        self.assertTrue(ha.acquire_lock())
        self.assertEqual(ha.dcs.written, [("p2", ["p1", "p3"], 1)])
        ha, _ = self.member(current="8")
        self.assertFalse(ha.acquire_lock())
        self.assertEqual(ha.lease, "")

    def test_nobody_promotes_whom_sync_does_not_name(self) -> None:
        ha, _ = self.member()
        ha.lease = "p2"
        self.assertFalse(ha.process_sync_replication_prepromote())
        self.assertEqual(ha.lease, "")
        ha, _ = self.member(Cluster("p2", Sync("p2", ("p1", "p3"))))
        self.assertTrue(ha.process_sync_replication_prepromote())

    def test_a_primary_leads_again_only_where_sync_names_it_still(self) -> None:
        for sync, current, leads in ((Sync(), "7", True), (Sync(), "8", False), (Sync("p2", ("p1", "p3")), "7", False)):
            ha, _ = self.member(Cluster("", sync), name="p1", recovery=False, current=current)
            self.assertEqual(ha.acquire_lock(), leads)
            client = self.Client()
            ha.dcs.current = current
            self.assertEqual(client.txn("mine", "put", "absent").get("succeeded", False), leads)
            self.assertEqual(client.asked, [None, "absent"] if leads else [None])

    def test_in_other_modes_all_is_as_it_was(self) -> None:
        ha, postgres = self.member(current="8")
        ha.quorum = False
        ha.patroni = None
        self.assertTrue(ha._is_healthiest_node([types.SimpleNamespace(name="p3")]) and ha.acquire_lock() and ha.process_sync_replication_prepromote())
        self.assertEqual((ha.answers, ha.dcs.written, postgres.receiving), (["asked as ever"], [], True))
        self.assertTrue(self.Client().txn("mine", "put", "absent")["succeeded"])


class EndsReceiving(unittest.TestCase):
    """By what pg_stat_activity shows, look by look: whether the startup process waits, how far it has replayed, the receiver."""

    def ends(self, *looks: tuple) -> bool:
        shown = iter(looks)

        def query(_):
            waits, lsn, receiver = next(shown)
            return [("startup", 11, waits, lsn), *([("walreceiver", receiver, True, lsn)] if receiver else [])]

        with mock.patch.object(binding_votes, "PAUSE_SECONDS", 0), mock.patch.object(binding_votes, "LOOKS", len(looks)), mock.patch.object(os, "kill") as kill:
            ended = ends_receiving(query)
        self.told = [call.args for call in kill.mock_calls]
        return ended

    def test_only_what_is_seen_after_the_signal_counts(self) -> None:
        self.assertTrue(self.ends((True, "0/1", 12), (True, "0/1", None), (True, "0/1", None)))
        self.assertEqual(self.told, [(11, signal.SIGHUP), (12, signal.SIGTERM)])
        self.assertFalse(self.ends((True, "0/1", None), (True, "0/1", None)), "the startup process may just be starting one")
        self.assertFalse(self.ends((False, "0/1", None), (False, "0/1", None), (False, "0/1", None)), "busy, and nothing says with what")
        self.assertTrue(self.ends((False, "0/1", None), (False, "0/2", None), (False, "0/2", None)), "busy with replaying")

    def test_a_receiver_that_was_started_meanwhile_is_ended_too(self) -> None:
        self.assertFalse(self.ends((True, "0/1", 12), (True, "0/1", 13), (True, "0/1", 13)))
        self.assertEqual(self.told, [(11, signal.SIGHUP), (12, signal.SIGTERM), (13, signal.SIGTERM)])

    def test_a_server_without_a_startup_process_is_no_standby(self) -> None:
        with mock.patch.object(os, "kill"):
            self.assertFalse(ends_receiving(lambda _: []))


class Promises(unittest.TestCase):
    def test_bind_to_one_version_of_sync(self) -> None:
        promise = Promise()
        self.assertFalse(promise.forbids("p1", "7", "e1"))
        promise.vote = Vote("p1", 7, "e1")
        cases = {("p1", "7", "e1"): True, ("p1", None, "e1"): True, ("p1", "10", "e1"): False, ("p2", "7", "e1"): False, ("p1", "7", "e2"): False}
        self.assertEqual({case: promise.forbids(*case) for case in cases}, cases)


if __name__ == "__main__":
    unittest.main()
