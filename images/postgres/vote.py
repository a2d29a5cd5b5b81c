"""What a member of Patroni keeps when it has voted: nothing more of the old leader's is received (binding_votes.py)."""

import os
import signal
import threading
import time
from typing import Any, NamedTuple, Optional


class Vote(NamedTuple):
    """Nothing more of this leader's is acknowledged, while /sync is at this version."""

    leader: str
    version: int
    # etcd's own; after all of it was lost, versions begin anew
    cluster: str


class Promise:
    """The last vote that this member gave."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.vote: Optional[Vote] = None

    def forbids(self, leader: Any, version: Any, cluster: Any) -> bool:
        vote = self.vote
        return vote is not None and (leader, cluster) == (vote.leader, vote.cluster) and int(version or 0) <= vote.version


promise = Promise()

# For how long a member tries to end what it receives; who asks waits for 2 s
LOCK_SECONDS, PAUSE_SECONDS, LOOKS = 0.5, 0.01, 100
# The startup process, which starts receivers, has seen a signal sent before when it waits for longer than a moment, or has replayed on
LOOK = """
SELECT backend_type, pid, wait_event_type IS NOT NULL AND wait_event_type <> 'LWLock', pg_catalog.pg_last_wal_replay_lsn()::text
FROM pg_catalog.pg_stat_activity WHERE backend_type IN ('startup', 'walreceiver')"""


def ends_receiving(query: Any) -> bool:
    """Ends the receiver of a standby whose primary_conninfo is empty already: by itself it ends only when there is nothing left to
    replay. Whether it has ended for good, so that the member's position is its last one."""
    told: set[int] = set()
    settled, replayed = False, None
    for _ in range(LOOKS):
        seen = {kind: row for kind, *row in query(LOOK)}
        if "startup" not in seen:
            return False
        startup, waits, lsn = seen["startup"]
        receiver = seen["walreceiver"][0] if "walreceiver" in seen else None
        if settled and receiver is None:
            return True
        settled = startup in told and (waits or lsn != replayed)
        for pid, number in ((startup, signal.SIGHUP), (receiver, signal.SIGTERM)):
            if pid and pid not in told:
                told.add(pid)
                os.kill(pid, number)
        replayed = lsn
        time.sleep(PAUSE_SECONDS)
    return False
