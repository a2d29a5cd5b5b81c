import { counted } from "../../../tools/words";
import { formatBytes } from "../../format";
import { byRow, Check } from "../check";

/** Of the group of processes that Postgres runs in; null where the host has no such file. */
const file = (name: string, as: string) => `pg_read_file('/sys/fs/cgroup/${name}', true) AS "${as}"`;

/** { "oom_kill": 2 } of "oom_kill 2". */
function readCounts(text: string | null): Record<string, number> {
  return Object.fromEntries((text ?? "").split("\n").map((line) => line.split(" ")).map(([name, value]) => [name, Number(value)]));
}

export const hosts: Check[] = [
  byRow<{ events: string | null }>({
    id: "memory-kills",
    title: "Processes that were killed for memory",
    needs: "servers",
    severity: "critical",
    cause: "The server needed more than its limit: work_mem times what runs at once. The kernel killed a process, and Postgres restarted or failed over.",
    mend: "pgha:cluster.postgres.memory, or a smaller work_mem for the roles of reports; then npm run up",
    risk: "The change replaces the servers, one after the other.",
    sql: `SELECT ${file("memory.events", "events")}`,
    found({ events }) {
      const { oom_kill: kills = 0 } = readCounts(events);
      return kills > 0 ? { evidence: `${counted(kills, "process")} since the server started`.replace("processs", "processes") } : undefined;
    },
  }),
  byRow<{ pressure: string | null }>({
    id: "memory-pressure",
    title: "Servers that wait for memory",
    needs: "servers",
    severity: "warning",
    cause: "The limit is reached, and pages are read again and again: everything is slow, and a kill is near.",
    mend: "pgha:cluster.postgres.memory, then npm run up",
    risk: "The change replaces the servers, one after the other.",
    sql: `SELECT ${file("memory.pressure", "pressure")}`,
    found({ pressure }) {
      const stalled = Number(/^full .*avg300=([\d.]+)/m.exec(pressure ?? "")?.[1] ?? 0);
      return stalled < 10 ? undefined : { severity: stalled > 30 ? "critical" : "warning", evidence: `all its processes waited ${stalled} % of the last five minutes` };
    },
  }),
  byRow<{ cpu: string | null }>({
    id: "cpu-throttled",
    title: "Servers that are held back by their processor limit",
    needs: "servers",
    severity: "warning",
    cause: "A processor limit of the container or the machine: Patroni and the lease wait as well, up to a failover.",
    mend: "Raise or remove the limit.",
    risk: "None to the data.",
    sql: `SELECT ${file("cpu.stat", "cpu")}`,
    found({ cpu }) {
      const { nr_periods: periods = 0, nr_throttled: throttled = 0 } = readCounts(cpu);
      return periods < 1000 || throttled < 0.25 * periods ? undefined : { evidence: `in ${Math.round((100 * throttled) / periods)} % of all periods` };
    },
  }),
  {
    id: "disks",
    title: "Disks near full",
    needs: "hosts",
    severity: "warning",
    cause: "Data that grows, WAL that something keeps, or others on the same disk. A full disk ends Postgres.",
    mend: "npx pgha doctor --only wal-size,bloat-tables,slots-inactive; then a larger disk",
    risk: "Never delete files in pg_wal by hand: the server does not come back.",
    judge({ disks, noContainers }) {
      if (!disks) return { found: [], unknown: [{ where: "disks", why: noContainers ?? "the containers did not answer" }] };
      const found = disks.map((disk) => ({ ...disk, used: 1 - disk.free / disk.size })).filter(({ used }) => used > 0.8)
        .map(({ name, size, free, used }) => ({
          where: name, severity: used > 0.9 ? "critical" as const : "warning" as const, evidence: `${Math.round(100 * used)} % of ${formatBytes(size)} are used, ${formatBytes(free)} are free`,
        }));
      return { found };
    },
  },
];
