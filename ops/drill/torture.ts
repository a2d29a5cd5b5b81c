import { setTimeout as sleep } from "node:timers/promises";
import { Scenario, Stage } from "./scenario";

/** Starts a line of shell in a container and goes on: it ends by itself, `seconds` from now. */
const begin = ({ site }: Stage, host: string, seconds: number, line: string) => site.must(host, `timeout ${seconds} sh -c '${line}' >/dev/null 2>&1 &`);

/** Stops a program for some seconds where it stands, again and again. */
async function standStill({ site }: Stage, turns: { host: string; program: "quick-patroni" | "etcd"; seconds: number }[]): Promise<void> {
  for (const { host, program, seconds } of turns) {
    await site.freeze(host, program);
    await sleep(seconds * 1000);
    await site.heal();
    await sleep(5000);
  }
}

const all = (works: Promise<unknown>[]) => Promise.all(works).then(() => undefined);

/** What hurts, and is no reason to give a healthy primary up. Here it is found out how short a lease may be. */
export const torture: Record<string, Scenario> = {
  "busy-processors": {
    title: "16 processes of the primary's container are busy for 3 minutes",
    heals: "they end",
    keeps: true,
    hold: 180,
    break: (stage) => begin(stage, stage.primary, 180, "for n in $(seq 16); do while :; do :; done & done; wait"),
  },
  "busy-disk": {
    title: "three writers of 400 MB and fsync in a loop beside the primary and two members of etcd, for 100 s",
    heals: "they end, and their files are removed",
    keeps: true,
    hold: 100,
    break(stage) {
      const write = (folder: string) => `while :; do dd if=/dev/zero of=${folder}/drill bs=1M count=400 conv=fsync; rm ${folder}/drill; done`;
      const places = [[stage.primary, "/var/lib/pgha"], ...stage.etcd.slice(0, 2).map((host) => [host, "/var/lib/etcd"])];
      places.forEach(([host, folder]) => stage.site.onHeal(`${folder} of ${host} is written to`, { do: "run", host, line: `rm -f ${folder}/drill` }));
      return all(places.map(([host, folder]) => begin(stage, host, 100, write(folder))));
    },
  },
  "etcd-restarts": {
    title: "the members of etcd are killed and started again, one after the other, twice",
    heals: "by itself",
    keeps: true,
    hold: 0,
    async break({ site, etcd }) {
      for (const host of [...etcd, ...etcd]) {
        await site.kill(host);
        await sleep(2000);
        await site.heal();
        await sleep(6000);
      }
    },
  },
  "etcd-stalls": {
    title: "the members of etcd stand still (SIGSTOP) for 1, 3 and 5 s, as by a disk that stalls",
    heals: "they go on",
    keeps: true,
    hold: 0,
    break: (stage) => standStill(stage, [1, 3, 5].flatMap((seconds) => [stage.etcdLeader, ...stage.etcd].map((host) => ({ host, program: "etcd" as const, seconds })))),
  },
  "patroni-stalls": {
    title: "the primary's Patroni stands still (SIGSTOP) for 1, 2 and 3 s, three times each",
    heals: "it goes on",
    keeps: true,
    hold: 0,
    break: (stage) => standStill(stage, [1, 2, 3].flatMap((seconds) => [1, 2, 3].map(() => ({ host: stage.primary, program: "quick-patroni" as const, seconds })))),
  },
  "standby-with-etcd-leader": {
    title: "a standby's host and the etcd leader are lost together",
    heals: "both containers are started",
    keeps: true,
    hold: 15,
    break: ({ site, standbys, etcdLeader }) => all([etcdLeader, standbys[0]].map((host) => site.kill(host))),
  },
  "standby-with-etcd-leader-cut": {
    title: "a standby and the etcd leader are cut off the network together, without a word",
    heals: "both containers are connected again",
    keeps: true,
    hold: 15,
    break: ({ site, standbys, etcdLeader }) => all([etcdLeader, standbys[0]].map((host) => site.disconnect(host))),
  },
  "some-packet-loss": {
    title: "3 % of the primary's packets are lost, for a minute",
    heals: "the packet filter is taken away",
    keeps: true,
    hold: 60,
    needs: "network",
    break: ({ site, primary }) => site.lose(primary, 0.03),
  },
};
