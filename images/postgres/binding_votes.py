"""Votes that bind: no change of leader loses a commit that was acknowledged, however long anybody stood still meanwhile.

In quorum mode, a standby that would lead asks the others how far they are; those that are not ahead of it are its votes. Patroni relies
on time there: the old primary has demoted itself before its lease ends. Where it has not, frozen or starved beside a living Postgres, a
member may answer and acknowledge that one's commits afterwards, and a primary may take its lease again after another one's reign. Here
- a member that answers receives nothing more, and nothing from that leader again while /sync is at the version of the vote;
- who takes the leadership moves /sync on from the version of its votes, or gives the leadership back: votes are used once;
- a primary takes its lease again only where /sync still names it, and moves /sync on before.
docs/votes.md argues it, test/model/votes.pml is checked for it. Read in Patroni 4.1.
"""

import json
from types import ModuleType
from typing import Any

from vote import LOCK_SECONDS, Vote, ends_receiving, promise


def bind(ha: ModuleType, api: ModuleType, postgresql: ModuleType, etcd3: ModuleType) -> None:
    Ha, Postgresql, Handler, Client = ha.Ha, postgresql.Postgresql, api.RestApiHandler, etcd3.PatroniEtcd3Client
    begin, race, ask, acquire, agree = Ha.__init__, Ha._is_healthiest_node, Ha.fetch_node_status, Ha.acquire_lock, Ha.update_failsafe
    choose, prepare, follow, transact = Ha._get_node_to_follow, Ha.process_sync_replication_prepromote, Postgresql.follow, Client.txn
    here: dict[str, Any] = {}

    def cluster_of(self: Any) -> str:
        return str(self.dcs._client._cluster_id)

    def owns(self: Any) -> bool:
        return self.cluster.sync.leader_matches(self.state_handler.name)

    def move_on(self: Any) -> bool:
        """Writes /sync as Patroni does after a promotion, where nobody has since these votes, or this leadership, began."""
        sync, me = self.cluster.sync, self.state_handler.name
        return bool(self.dcs.write_sync_state(me, [name for name in sync.members if name != me], sync.quorum, version=sync.version))

    def __init__(self: Any, *arguments: Any) -> None:
        begin(self, *arguments)
        self.counting, here["ha"] = None, self

    def give(self: Any, vote: Vote) -> bool:
        """Whether this member keeps that from now on. A primary, and one that does not run, has nothing to keep: its state says so."""
        postgres = self.state_handler
        # One that starts holds the lock meanwhile, and has no vote before it runs: who asks need not wait
        if not promise.lock.acquire(timeout=LOCK_SECONDS if postgres.state == "running" else 0):
            return False
        try:
            if self.cluster and cluster_of(self) == vote.cluster and int(self.cluster.sync.version or 0) > vote.version:
                return False
            if promise.vote is None or promise.vote.cluster != vote.cluster or promise.vote.version <= vote.version:
                promise.vote = vote
            if not postgres.is_running():
                return True
            query = postgres.connection_pool.get("votes").query
            [[stands_by, conninfo]] = query("SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('primary_conninfo')")
            if stands_by and conninfo:
                # As follow() does, without the callbacks of one that has a new primary
                postgres.config.write_recovery_conf(postgres.config.build_recovery_params(None))
                postgres.config.write_postgresql_conf()
                postgres.reload(block_callbacks=True)
            return not stands_by or ends_receiving(query)
        except Exception as error:
            ha.logger.warning("Could not end what is received: %r", error)
            return False
        finally:
            promise.lock.release()

    def _is_healthiest_node(self: Any, *arguments: Any, **options: Any) -> bool:
        if not self.quorum_commit_mode_is_active():
            return race(self, *arguments, **options)
        sync = self.cluster.sync
        self.counting = Vote(sync.leader, int(sync.version), cluster_of(self))
        try:
            # With a position that moves no more, one round decides
            give(self, self.counting)
            self.state_handler.reset_cluster_info_state(None)
            return race(self, *arguments, **options)
        finally:
            self.counting = None

    def fetch_node_status(self: Any, member: Any) -> Any:
        vote = self.counting
        if vote is None:
            return ask(self, member)
        try:
            answer = self.patroni.request(member, "post", "vote", vote._asdict(), timeout=2, retries=0)
            if answer.status == 501:  # a release that knows no votes
                return ask(self, member)
            said = answer.data.decode("utf-8")
            ha.logger.info("Got vote from %s %s: %s %s", member.name, member.api_url, answer.status, said)
            if answer.status == 200:
                return ha._MemberStatus.from_api_response(member, json.loads(said))
        except Exception as error:
            ha.logger.warning("Request failed to %s: POST %s (%s)", member.name, member.api_url, error)
        return ha._MemberStatus.unknown(member)

    def do_POST_vote(self: Any) -> None:
        """The state of this member, as of its last position."""
        asked = self._read_json_content()
        if not asked:
            return
        try:
            vote = Vote(str(asked["leader"]), int(asked["version"]), str(asked["cluster"]))
        except (KeyError, TypeError, ValueError):
            return self.send_error(400)
        patroni = self.server.patroni
        if give(patroni.ha, vote):
            self._write_status_response(200, self.get_postgresql_status())
        else:
            self.send_error(503)
        if patroni.ha.cluster and not patroni.ha.cluster.is_unlocked():
            patroni.ha.wakeup()  # where there is a leader after all, it follows that one again at once

    def acquire_lock(self: Any) -> bool:
        if not self.quorum_commit_mode_is_active():
            return acquire(self)
        if owns(self):
            return move_on(self) and acquire(self)
        if self.state_handler.is_primary() or not acquire(self):
            return False
        if move_on(self):
            return True
        self.release_leader_key_voluntarily()
        return False

    def process_sync_replication_prepromote(self: Any) -> bool:
        """Not where moving on failed by an exception."""
        if self.quorum_commit_mode_is_active() and not owns(self):
            self.release_leader_key_voluntarily()
            return False
        return prepare(self)

    def txn(self: Any, compare: Any, success: Any, failure: Any = None, **options: Any) -> Any:
        """`failure` is set where a primary takes its lost lease anew, and there alone."""
        done = transact(self, compare, success, **options)
        if done or not failure:
            return done
        leader = here["ha"]
        if leader.quorum_commit_mode_is_active() and not (owns(leader) and move_on(leader)):
            return done
        return transact(self, compare, success, failure, **options)

    def _get_node_to_follow(self: Any, cluster: Any) -> Any:
        node = choose(self, cluster)
        if node is not None:
            node.data["seen"] = (cluster.sync.version, cluster_of(self))
        return node

    def follow_unless_promised(self: Any, member: Any, *arguments: Any, **options: Any) -> Any:
        with promise.lock:
            if member is not None and promise.forbids(member.name, *member.data.get("seen", (0, promise.vote and promise.vote.cluster))):
                member = None
            return follow(self, member, *arguments, **options)

    def update_failsafe(self: Any, data: Any) -> Any:
        """A leader that others have voted against does not go on by their leave."""
        if self.cluster and promise.forbids(data.get("name"), self.cluster.sync.version, cluster_of(self)):
            return "Voted for another leader"
        return agree(self, data)

    changed = (__init__, _is_healthiest_node, fetch_node_status, acquire_lock, process_sync_replication_prepromote, _get_node_to_follow, update_failsafe)
    for function in changed:
        setattr(Ha, function.__name__, function)
    Postgresql.follow, Client.txn, Handler.do_POST_vote = follow_unless_promised, txn, api.check_access(do_POST_vote)
