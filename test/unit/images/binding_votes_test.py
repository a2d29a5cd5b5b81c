"""binding_votes on a fake Patroni."""

import json
import os
import sys
import threading
import types
import unittest
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parents[3] / "images/postgres"))
import binding_votes  # noqa: E402
import vote  # noqa: E402
from fake_patroni import Client, Cluster, Dcs, Ha, Handler, Postgresql, Sync  # noqa: E402
from vote import Promise  # noqa: E402

VOTE = {"leader": "p1", "version": 7, "cluster": "e1"}


class BindingVotes(unittest.TestCase):
    def setUp(self) -> None:
        self.Ha, self.Postgresql, self.Client, self.Handler = (type(one.__name__, (one,), {}) for one in (Ha, Postgresql, Client, Handler))
        status = types.SimpleNamespace(unknown=lambda member: "unknown", from_api_response=lambda member, said: said)
        ha = types.SimpleNamespace(Ha=self.Ha, logger=mock.Mock(), _MemberStatus=status)
        api = types.SimpleNamespace(RestApiHandler=self.Handler, check_access=lambda answer: answer)
        for module, target, value in ((binding_votes, "promise", Promise()), (vote, "PAUSE_SECONDS", 0)):
            self.enterContext(mock.patch.object(module, target, value))
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

    def test_a_server_that_is_being_started_is_not_waited_for(self) -> None:
        ha, postgres = self.member()
        postgres.state = "starting"
        with mock.patch.object(binding_votes, "LOCK_SECONDS", 20), binding_votes.promise.lock:
            asked = threading.Thread(target=lambda: self.assertEqual(self.vote(ha), (503, None)))
            asked.start()
            asked.join(10)
            self.assertFalse(asked.is_alive())

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


if __name__ == "__main__":
    unittest.main()
