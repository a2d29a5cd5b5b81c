import { formatBytes } from "../../format";
import { Judgement, PartCheck, ofParts } from "../check";
import { Etcd, EtcdStatus } from "../containers";
import { Parts } from "../parts";

/** As in templates/etcd.yml.mustache. */
const QUOTA = 2 ** 30;

/** A check of what is asked in etcd's containers. */
function inContainers({ found, ...check }: Omit<PartCheck, "judge" | "needs"> & { found(etcd: Etcd): Judgement["found"] }): PartCheck {
  return {
    ...check,
    needs: "etcd",
    judge: ({ etcd, noContainers = "etcd did not answer" }) => (etcd?.members.length ? { found: found(etcd) } : { found: [], unknown: [{ where: "etcd", why: noContainers }] }),
  };
}

const lost = ({ status }: Parts) => status.etcd.filter(({ healthy }) => healthy === false).map(({ name }) => name);
const listed = (members: EtcdStatus[], word: (member: EtcdStatus) => string | number) => [{ where: "etcd", evidence: members.map((member) => `${member.name} ${word(member)}`).join(", ") }];

export const etcd: PartCheck[] = [
  ofParts({
    id: "etcd-members",
    title: "Members of etcd that do not answer",
    needs: "etcd",
    severity: "warning",
    cause: "The member is down, full, or cut off: one less that may be lost.",
    mend: "npm run up makes a container again that is gone; a member without its data joins anew by itself",
    risk: "None to the others.",
    found: (parts) => lost(parts).map((name) => ({ where: name, evidence: "no proxy gets an answer" })),
  }),
  ofParts({
    id: "etcd-quorum",
    title: "etcd is one loss from no quorum",
    needs: "etcd",
    severity: "critical",
    cause: "Half of the members, or more, are gone or about to be: without a quorum there is no failover.",
    mend: "npx pgha doctor --only etcd-members",
    risk: "None: it only looks.",
    found(parts) {
      const [all, gone] = [parts.status.etcd.length, lost(parts).length];
      const left = all - gone - (Math.floor(all / 2) + 1);
      return gone === 0 || left > 0 ? [] : [{ where: "etcd", evidence: left < 0 ? `${gone} of ${all} members are lost: there is no quorum` : `${gone} of ${all} members are lost: one more, and there is no failover` }];
    },
  }),
  inContainers({
    id: "etcd-size",
    title: "etcd's database is near its quota",
    severity: "warning",
    cause: "Old revisions that were not compacted, or room that was not given back; at the quota etcd takes no writes, and the lease of the primary is one.",
    mend: "etcdctl compact, then etcdctl defrag, one member after the other, the leader last",
    risk: "A member answers nobody while it is defragmented.",
    found: ({ members }) => members.filter(({ size }) => size > QUOTA / 2)
      .map(({ name, size, used }) => ({ where: name, severity: size > 0.8 * QUOTA ? "critical" as const : "warning" as const, evidence: `${formatBytes(size)} of ${formatBytes(QUOTA)}, of which ${formatBytes(used)} are in use` })),
  }),
  {
    id: "etcd-alarms",
    needs: "etcd",
    title: "etcd has raised an alarm",
    severity: "critical",
    cause: "NOSPACE: the quota was reached, and no write is taken. CORRUPT: the members' data differ.",
    mend: "NOSPACE: compact and defrag, then etcdctl alarm disarm. CORRUPT: remove the member's volume, and npm run up",
    risk: "Disarm before there is room, and it comes again.",
    judge({ etcd, noContainers = "no member of etcd said" }) {
      if (!etcd?.alarms) return { found: [], unknown: [{ where: "etcd", why: noContainers }] };
      return { found: etcd.alarms.map((evidence) => ({ where: "etcd", evidence })) };
    },
  },
  inContainers({
    id: "etcd-leader",
    title: "etcd's members know no leader, or different ones",
    severity: "critical",
    cause: "An election that does not end: a slow disk, a network that loses packets, clocks of hosts that stall.",
    mend: "npx pgha doctor --only disks,cpu-throttled,memory-pressure",
    risk: "None: it only looks.",
    found: ({ members }) => (new Set(members.map(({ leader }) => leader)).size > 1 || members.some(({ leader }) => !leader || leader === "0") ? listed(members, ({ leader }) => leader || "none") : []),
  }),
  inContainers({
    id: "etcd-behind",
    title: "Members of etcd that lag",
    severity: "warning",
    cause: "A slow disk or network of that member.",
    mend: "npx pgha doctor --only disks",
    risk: "None: it only looks.",
    found({ members }) {
      const first = Math.max(...members.map(({ index }) => index));
      return members.filter(({ index }) => first - index > 5000).map(({ name, index }) => ({ where: name, evidence: `${first - index} entries behind` }));
    },
  }),
  inContainers({
    id: "etcd-versions",
    title: "Members of etcd of different versions",
    severity: "note",
    cause: "An update that was interrupted, or an image that was built at another time.",
    mend: "npm run up",
    risk: "One member after the other.",
    found: ({ members }) => (new Set(members.map(({ version }) => version)).size > 1 ? listed(members, ({ version }) => version) : []),
  }),
];
