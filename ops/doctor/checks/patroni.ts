import { compareConfiguration } from "../../../infra/live/settings/expected";
import { describeDrift } from "../../../infra/live/drift";
import { formatSeconds } from "../../format";
import { Member } from "../../status/report";
import { lacksWal } from "../../status/wal";
import { Found, ofParts } from "../check";

const cluster = (evidence: string, more: Partial<Found> = {}): Found => ({ where: "cluster", evidence, ...more });
const isPrimary = ({ error, role }: Member) => !error && role === "primary";
const isStandby = ({ error, role }: Member) => !error && role === "standby";
const DAY_MS = 86_400_000;

export const patroni = [
  ofParts({
    id: "members-silent",
    title: "Servers whose Patroni does not answer",
    needs: "patroni",
    severity: "critical",
    cause: "The server is down, is being started, or cannot be reached: one that may take over less.",
    mend: "npx pgha status; npm run up makes a container again that is gone",
    risk: "None to the others.",
    found: ({ status }) => status.members.flatMap(({ name, error }) => (error ? [{ where: name, evidence: error }] : [])),
  }),
  ofParts({
    id: "primary",
    title: "No primary, or two",
    needs: "patroni",
    severity: "critical",
    cause: "No standby may take over (lag, nofailover, no quorum of etcd), or an old primary is cut off and has not noticed yet.",
    mend: "npx pgha status; npx pgha failover --to … where none takes over by itself",
    risk: "A forced failover may lose commits that only the old primary has; it says which and asks.",
    found({ status: { members } }) {
      const primaries = members.filter(isPrimary);
      // Where nobody answers members-silent has said it
      if (primaries.length === 1 || members.every(({ error }) => error)) return [];
      return [cluster(primaries.length ? `${primaries.map(({ name }) => name).join(" and ")} are both primaries` : "nobody takes writes")];
    },
  }),
  ofParts({
    id: "standbys",
    title: "Standbys that do not stream",
    needs: "patroni",
    severity: "critical",
    cause: "The standby is being copied or started, or needs WAL that the primary has no more.",
    mend: "npx pgha status; where it says so, npx pgha reinit …",
    risk: "reinit deletes that standby's data and copies it anew: load on the network and on the server it copies from.",
    found: ({ status: { members, wal } }) => members.filter((member) => isStandby(member) && member.state !== "streaming").map((member) =>
      lacksWal(member, wal)
        ? { where: member.name, evidence: `it is ${member.state} and needs WAL that the primary has no more`, mend: `npx pgha reinit ${member.name}` }
        : { where: member.name, evidence: `it is ${member.state}`, mend: "npx pgha status --watch; most come back by themselves" }),
  }),
  ofParts({
    id: "synchronous-standbys",
    title: "Synchronous standbys are missing",
    needs: "patroni",
    severity: "critical",
    cause: "Fewer standbys stream than commits are to wait for: commits wait, or the next failover may lose some.",
    mend: "npx pgha doctor --only members-silent,standbys",
    risk: "None: it only looks.",
    found({ status: { members } }, { cluster: { replication } }) {
      if (replication.mode === "asynchronous" || members.every(({ error }) => error)) return [];
      const fit = members.filter((member) => isStandby(member) && member.state === "streaming" && member.sync !== "asynchronous").length;
      return fit < replication.synchronousStandbys ? [cluster(`${fit} of ${replication.synchronousStandbys}`)] : [];
    },
  }),
  ofParts({
    id: "takeover",
    title: "No standby may take over",
    needs: "patroni",
    severity: "critical",
    cause: "Each standby is tagged nofailover, or does not stream: the loss of the primary is an outage until it is back.",
    mend: "pgha:cluster.postgres.tags without nofailover, then npm run up",
    risk: "None.",
    found({ status: { members }, cluster: view }) {
      if (!view || members.filter(isPrimary).length !== 1 || members.length < 2) return [];
      const barred = view.members.filter(({ tags }) => tags?.nofailover === true || tags?.failover_priority === 0).map(({ name }) => name);
      const fit = members.filter((member) => isStandby(member) && member.state === "streaming" && !barred.includes(member.name));
      return fit.length ? [] : [cluster(barred.length ? `${barred.join(", ")} must not take over, and no other streams` : "no standby streams")];
    },
  }),
  ofParts({
    id: "paused",
    title: "Maintenance mode",
    needs: "patroni",
    severity: "warning",
    cause: "Somebody paused Patroni, and it is still so: no failover by itself.",
    mend: "npx pgha resume",
    risk: "Patroni acts at once on what has happened since: a primary that is down is replaced.",
    found: ({ cluster: view }) => (view?.pause ? [cluster("Patroni is paused")] : []),
  }),
  ofParts({
    id: "switchover-scheduled",
    title: "A switchover is scheduled",
    needs: "patroni",
    severity: "note",
    cause: "Somebody scheduled it with patronictl.",
    mend: "patronictl flush <cluster> switchover",
    risk: "None.",
    found: ({ cluster: view }) => (view?.scheduled_switchover ? [cluster(`at ${view.scheduled_switchover.at}, to ${view.scheduled_switchover.to ?? "any standby"}`)] : []),
  }),
  ofParts({
    id: "failsafe",
    title: "The primary stays one without etcd",
    needs: "patroni",
    severity: "critical",
    cause: "etcd cannot be reached, and all members agree to go on: no failover meanwhile, and the loss of one member ends writes.",
    mend: "npx pgha doctor --only etcd-members,etcd-quorum",
    risk: "None: it only looks.",
    found: ({ metrics }) => metrics.flatMap((one) => (one.error === undefined && one.values.patroni_failsafe_mode_is_active === 1 ? [{ where: one.name, evidence: "failsafe mode is active" }] : [])),
  }),
  ofParts({
    id: "etcd-unseen",
    title: "Servers that have not reached etcd",
    needs: "patroni",
    severity: "critical",
    cause: "The network between them, or a quorum that is lost; a primary gives its place up when its lease ends.",
    mend: "npx pgha doctor --only etcd-members,etcd-quorum",
    risk: "None: it only looks.",
    found({ status: { members }, configuration }) {
      const ttl = Number(configuration?.ttl ?? 30);
      return members.flatMap(({ name, etcdSeenSecondsAgo = 0 }) => (etcdSeenSecondsAgo > ttl ? [{ where: name, evidence: `not for ${formatSeconds(etcdSeenSecondsAgo)}` }] : []));
    },
  }),
  ofParts({
    id: "timelines",
    title: "Servers on different timelines",
    needs: "patroni",
    severity: "critical",
    cause: "A member was not rewound after a failover: it has commits that the others have not.",
    mend: "npx pgha reinit … of the one on the lower timeline",
    risk: "What only that member has is lost: look at it first.",
    found({ status: { members } }) {
      const known = members.filter(({ error, timeline }) => !error && timeline !== undefined);
      return new Set(known.map(({ timeline }) => timeline)).size > 1 ? [cluster(known.map(({ name, timeline }) => `${name} ${timeline}`).join(", "))] : [];
    },
  }),
  ofParts({
    id: "failovers",
    title: "The primary changes often",
    needs: "patroni",
    severity: "warning",
    cause: "A host that stalls, a disk or network that is too slow for the timers, or memory that runs out.",
    mend: "npx pgha doctor --only memory-kills,memory-pressure,cpu-throttled,disks",
    risk: "None: it only looks.",
    found({ history, now }) {
      const recent = history.filter((time) => now.getTime() - Date.parse(time) < DAY_MS).length;
      return recent < 4 ? [] : [cluster(`${recent} times in 24 hours, switchovers included`)];
    },
  }),
  ofParts({
    id: "configuration-declared",
    title: "Patroni's configuration is other than declared",
    needs: "patroni",
    severity: "warning",
    cause: "patronictl edit-config, or an update that was interrupted: the next update may undo it.",
    mend: "npm run up",
    risk: "Some settings restart the servers, one after the other; npx pgha plan shows it.",
    found: ({ configuration }, { expected }) =>
      configuration && expected ? compareConfiguration(expected.configuration, configuration).filter(({ object }) => !/ pause$/.test(object)).map((drift) => cluster(describeDrift(drift).replace(/^cluster: /, ""))) : [],
  }),
  ofParts({
    id: "lease",
    title: "Servers that take no lease as short as declared",
    needs: "patroni",
    severity: "note",
    cause: "The start-up program that lifts Patroni's limit of 20 s did not run: its failure costs that long.",
    mend: "npm run up",
    risk: "One server after the other.",
    found({ status: { members }, configuration }) {
      const ttl = Number(configuration?.ttl ?? 30);
      return members.flatMap(({ name, error, leastTtl = 0 }) => (!error && leastTtl > ttl ? [{ where: name, evidence: `at least ${leastTtl} s, declared ${ttl} s` }] : []));
    },
  }),
];
