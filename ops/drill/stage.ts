import { setTimeout as sleep } from "node:timers/promises";
import { readMembers } from "../../infra/live/patroni/members";
import { awaitSwitchover, switchover } from "../../infra/live/patroni/switchover";
import { controlOf } from "../control";
import type { Outputs } from "../outputs";
import { hangUp } from "../postgresUrl";
import { busiestPooler, busiestProxy } from "./busiest";
import { Stage } from "./scenario";
import { Site } from "./site";
import { connectSuperuser } from "./ways";

/** Who is what right now. */
export async function describeStage(
  { outputs, site, signal }: { outputs: Outputs; site: Site; signal?: AbortSignal },
  until: { writes(): Promise<void>; whole(): Promise<void> },
): Promise<Stage> {
  const control = controlOf(outputs);
  const { cluster } = outputs;
  const hosts = (servers: { host: string }[]) => servers.map(({ host }) => host);
  const primaryNow = async () => {
    const name = (await readMembers(control)).members.find(({ primary }) => primary)?.name;
    const found = cluster.postgres.find((server) => server.name === name);
    if (!found) throw new Error("there is no primary");
    return found.host;
  };
  const primary = await primaryNow();
  const front = (all: string[], first: string | undefined) => [...all].sort((a, b) => Number(b === first) - Number(a === first));
  return {
    site,
    primary,
    standbys: hosts(cluster.postgres).filter((host) => host !== primary),
    etcdLeader: await findEtcdLeader(site, hosts(cluster.etcd)),
    etcd: hosts(cluster.etcd),
    haproxy: front(hosts(cluster.haproxy), await busiestProxy(outputs, site)),
    pgbouncer: front(hosts(cluster.pgbouncer), await busiestPooler(outputs)),
    writesAgain: () => until.writes().then(primaryNow),
    whole: until.whole,
    wait: (seconds) => sleep(seconds * 1000, undefined, { signal }),
    switchover: async (host) => {
      const to = cluster.postgres.find((server) => server.host === host)?.name;
      await switchover(control, await awaitSwitchover(control, { to, signal }, 30), { signal });
    },
    superuser: async (statement) => {
      const client = await connectSuperuser(outputs, 10_000);
      await client.query(statement).finally(() => hangUp(client));
    },
  };
}

async function findEtcdLeader(site: Site, members: string[]): Promise<string> {
  const ask =
    "curl -fsS -m 2 --cacert /etc/pgha/ca.crt --cert /etc/pgha/tls.crt --key /run/secrets/tls_key https://localhost:2379/metrics";
  const answers = await Promise.all(members.map((host) => site.exec(host, ask)));
  const leader = answers.findIndex(({ stdout }) => /^etcd_server_is_leader 1$/m.test(stdout));
  if (leader < 0) throw new Error("etcd has no leader");
  return members[leader];
}
