"""Modules of a fake Patroni, with classes and functions of the same names, and an etcd of one key."""

import signal
import types


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


class Config:
    def build_recovery_params(self, member) -> dict:
        return {"primary_conninfo": f"host={member.name}" if member else ""}

    def write_recovery_conf(self, parameters: dict) -> None:
        self.recovery = parameters

    def write_postgresql_conf(self) -> None:
        self.written = self.recovery["primary_conninfo"]


class Postgresql:
    """A standby of p1."""

    def __init__(self, name: str = "p2", recovery: bool = True) -> None:
        self.name, self.recovery, self.conninfo, self.receiving, self.followed = name, recovery, "host=p1", True, []
        self.state, self.config = "running", Config()
        self.connection_pool = types.SimpleNamespace(get=lambda _: types.SimpleNamespace(query=self.query))

    def follow(self, member, *_, **options):
        self.conninfo = f"host={member.name}" if member else ""
        self.followed.append(member and member.name)

    def reload(self, block_callbacks: bool) -> None:
        assert block_callbacks
        self.conninfo = self.config.written

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
