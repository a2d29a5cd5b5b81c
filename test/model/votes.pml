/*
 * Who may acknowledge what, when: three members in quorum mode, one of the two others acknowledges (docs/votes.md).
 *
 * No clock: a lease may end at any moment, and anybody may stand still between any two steps, for ever. Acknowledgements and
 * views are late as long as they like, answers are lost. Checked: whoever leads has all that was ever acknowledged.
 * Each guard can be left out: -DNO_HOLD, -DNO_BIND, -DNO_MOVE, -DNO_RETAKE; then a commit that is lost is found.
 */
#define N 3
#define NOBODY 7
#ifndef COMMITS
#define COMMITS 1
#endif
#ifndef ENDS
#define ENDS 1
#endif
#ifndef MOVES
#define MOVES 2
#endif
#define has(set, part) (((set) & (part)) == (part))

/* etcd: each access is one step */
byte leader = 0;
byte syncLeader = 0, syncVersion = 1;
bool syncAlone = false;	/* no voters: the leader acknowledges by itself */
byte ends = 0;		/* leases that have ended so far */

/* Postgres */
bool primary[N];
byte log[N];		/* a bit a commit; standbys get them in order */
byte timeline[N];
byte source[N];		/* whom it receives from */
byte reported[N];	/* to a primary: what some standby has on disk */
bool alone[N];		/* synchronous_standby_names is empty */
byte commits = 0, acknowledged = 0;

/* Patroni: what a member promised when it voted */
byte promisedLeader[N], promisedVersion[N];
byte lastTimeline = 1;	/* /history */

/* Commits are numbered, so that a set is a log */
inline lengthOf(set, into) {
	into = ((set) & 1) + (((set) >> 1) & 1) + (((set) >> 2) & 1);
}

inline moveOn(done) {	/* compare and swap of /sync, by the version that was seen */
	if
	:: syncVersion == version && syncVersion < MOVES -> syncVersion++; syncLeader = me; version = syncVersion; done = true
	:: else -> done = false
	fi
}

inline leads() {	/* it has the lease and takes writes: nothing that was acknowledged may be missing */
	assert(has(log[me], acknowledged))
}

inline demote() {
	primary[me] = false; alone[me] = false; source[me] = NOBODY; reported[me] = 0
}

inline giveBack() {
	if :: leader == me -> leader = NOBODY :: else fi
}

proctype Postgres(byte me) {
	byte next;
end:	do
	:: atomic { primary[me] && commits < COMMITS -> log[me] = log[me] | (1 << commits); commits++ }
	:: atomic { /* receives the next one */
		source[me] != NOBODY && !primary[me] && has(log[source[me]], log[me]) && log[me] != log[source[me]] ->
		next = 1;
		do
		:: (log[source[me]] & next) && !(log[me] & next) -> break
		:: else -> next = next << 1
		od;
		log[me] = log[me] | next; next = 0 }
	:: atomic { /* says so */
		source[me] != NOBODY && !primary[me] && primary[source[me]] && has(log[source[me]], log[me]) && !has(reported[source[me]], log[me]) ->
		 reported[source[me]] = reported[source[me]] | log[me] }
	:: atomic { /* acknowledges */
		primary[me] && (log[me] & ~acknowledged) && ((reported[me] & log[me] & ~acknowledged) || alone[me]) ->
		if
		:: alone[me] -> acknowledged = acknowledged | log[me]
		:: else -> acknowledged = acknowledged | (reported[me] & log[me])
		fi;
		assert(syncLeader == me || !primary[syncLeader] || has(log[syncLeader], acknowledged)) }
	od
}

/* A question of the leader race, its answer, and what that does to who answers; or no answer */
inline ask(other) {
	if
	:: skip
	:: primary[other] -> ahead = true
	:: !primary[other] ->
#ifndef NO_HOLD
		if
		:: version >= promisedVersion[other] -> promisedLeader[other] = owner; promisedVersion[other] = version
		:: else
		fi;
		source[other] = NOBODY;
#endif
		lengthOf(log[other], theirs);
		if
		:: theirs > mine && other != owner -> ahead = true
		:: theirs <= mine && other != owner -> votes++
		:: else
		fi;
		theirs = 0
	fi
}

/* One step is what happens between two accesses to something shared; it may stand still after each */
proctype Patroni(byte me) {
	byte seen, owner, version, votes, mine, theirs;
	bool wasAlone, ahead, done;
end:
load:	atomic {
		owner = syncLeader; version = syncVersion; wasAlone = syncAlone;
		if
		:: leader == me -> goto renew
		:: leader == NOBODY && primary[me] ->
#ifndef NO_RETAKE
			if :: owner != me -> demote(); goto next :: else fi;
#endif
			if :: timeline[me] < lastTimeline -> demote(); goto next :: else -> goto again fi
		:: leader == NOBODY && !primary[me] && timeline[me] >= lastTimeline && (!wasAlone || owner == me) ->
			lengthOf(log[me], mine); goto first
		:: leader != NOBODY && leader != me -> seen = leader; goto follow
		fi
	};
renew:	atomic {	/* a primary takes it again here too, where it has ended */
		if
		:: leader == me -> goto work
		:: leader == NOBODY && primary[me] ->
#ifndef NO_RETAKE
			if :: owner != me -> demote(); goto next :: else fi;
#endif
			goto again
		:: else -> if :: primary[me] -> demote() :: else fi; goto next
		fi
	};
again:	atomic {
#ifndef NO_RETAKE
		moveOn(done);
		if :: !done -> demote(); goto next :: else fi
#else
		skip
#endif
	};
	atomic {
		if :: leader == NOBODY -> leader = me; leads() :: else -> if :: leader != me -> demote() :: else fi fi;
		goto next
	};
work:	atomic {
		if
		:: primary[me] && lastTimeline < timeline[me] -> lastTimeline = timeline[me]
#ifdef NO_MOVE
		:: primary[me] && owner != me -> moveOn(done)
#endif
		:: primary[me] && owner == me && !wasAlone ->	/* gives its standbys up: first in /sync, then in Postgres */
			if :: syncVersion == version && version < MOVES -> syncVersion++; syncAlone = true; goto lonely :: else fi
		:: primary[me] && owner == me && wasAlone -> alone[me] = false; goto joined
		:: !primary[me] ->
#ifndef NO_MOVE
			if :: owner != me -> giveBack(); goto next :: else fi;
#endif
			goto promote
		:: primary[me]
		fi;
		goto next
	};
lonely:	atomic { if :: primary[me] -> alone[me] = true :: else fi; goto next };
joined:	atomic { if :: syncVersion == version && version < MOVES -> syncVersion++; syncAlone = false :: else fi; goto next };
first:	atomic { ask((me + 1) % N) };
	atomic { ask((me + 2) % N);
		if :: !ahead && (votes >= 1 || owner == me) -> votes = 0; mine = 0 :: else -> goto next fi };
	atomic { if :: leader == NOBODY -> leader = me :: else -> goto next fi };
#ifndef NO_MOVE
	atomic { moveOn(done); if :: !done -> giveBack(); goto next :: else fi };
#endif
promote: atomic {
		source[me] = NOBODY; primary[me] = true; alone[me] = wasAlone; timeline[me] = lastTimeline + 1; reported[me] = 0;
#ifdef NO_MOVE
		if :: leader == me -> leads() :: else fi;
#else
		if :: leader == me && syncLeader == me -> leads() :: else fi;
#endif
		goto next
	};
follow:	atomic {	/* by what was seen, which may be long ago */
		if :: primary[me] -> demote() :: else fi;
		if
#ifndef NO_BIND
		:: seen == promisedLeader[me] && version <= promisedVersion[me] -> source[me] = NOBODY
#endif
		:: else ->
			source[me] = seen;
			if	/* pg_rewind */
			:: primary[seen] && !has(log[seen], log[me]) -> log[me] = log[me] & log[seen]
			:: else
			fi;
			if :: primary[seen] -> timeline[me] = timeline[seen] :: else fi
		fi
	};
next:	atomic { seen = 0; owner = 0; version = 0; votes = 0; mine = 0; wasAlone = false; ahead = false; done = false; goto load }
}

proctype Time() {
end:	do
	:: atomic { leader != NOBODY && ends < ENDS -> leader = NOBODY; ends++ }
	od
}

init {
	byte n;
	atomic {
		for (n : 0 .. N - 1) { timeline[n] = 1; source[n] = 0; promisedLeader[n] = NOBODY }
		source[0] = NOBODY; primary[0] = true;
		for (n : 0 .. N - 1) { run Postgres(n); run Patroni(n) }
		run Time()
	}
}
