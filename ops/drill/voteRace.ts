import { Scenario, Stage } from "./scenario";

/** Within which the lease of a frozen primary ends, and somebody takes it. */
const SECONDS = 60;

/** etcdctl goes on watching when nobody reads any more. Says what the leader's key is set to, or was when it is deleted. */
const watching = (cluster: string, change: "PUT" | "DELETE") => `
export ETCDCTL_ENDPOINTS=https://localhost:2379 ETCDCTL_CACERT=/etc/pgha/ca.crt ETCDCTL_CERT=/etc/pgha/tls.crt ETCDCTL_KEY=/run/secrets/tls_key
exec 3< <(ETCDCTL_USER=root ETCDCTL_PASSWORD=$(cat /run/secrets/etcd_root) exec timeout ${SECONDS} etcdctl watch /pgha/${cluster}/leader)
etcdctl=$!
until read -r line <&3 || exit 1; [[ $line == ${change} ]]; do :; done
read -r key <&3; read -r value <&3
kill $etcdctl; echo $value`;

/** Resolves with the value of the leader's key at its next change of this kind. */
async function leaderKey({ site, etcd, cluster }: Stage, change: "PUT" | "DELETE"): Promise<string> {
  const { code, stdout } = await site.exec(etcd[0], `exec bash -c '${watching(cluster, change)}'`);
  if (code !== 0) throw new Error(`no ${change} of the leader's key within ${SECONDS} s`);
  return stdout.trim();
}

const ask = (expression: string) => `psql -Xqtwd postgres -h /run/postgresql -c "SELECT ${expression}"`;

/** The standbys, who has received most first. */
async function byPosition({ site, standbys }: Stage): Promise<string[]> {
  const answers = standbys.map(async (host) => {
    const { stdout } = await site.exec(host, ask("pg_last_wal_receive_lsn() - '0/0'"));
    return { host, position: Number(stdout) };
  });
  return (await Promise.all(answers)).sort((a, b) => b.position - a.position).map(({ host }) => host);
}

/** Both standbys ask each other and the primary, whose silence holds the race up for a second: they have voted, and nobody leads yet. */
async function holdVoters(stage: Stage): Promise<string[]> {
  await leaderKey(stage, "DELETE");
  await stage.wait(0.3);
  // Who has received most is the one that can lead
  const [, ...voters] = await byPosition(stage);
  await Promise.all(voters.map((host) => stage.site.freeze(host, "quick-patroni")));
  return voters;
}

export const voteRace: Scenario = {
  title: "the primary's Patroni is frozen, and so is a standby's that has voted, before it follows the new primary",
  heals: "by itself, when both go on (SIGCONT) after 15 s with a new primary",
  // The lease, the race, and until the new primary gives up the standby that is held
  worst: 20,
  hold: 0,
  async break(stage) {
    const { site, cluster, primary } = stage;
    const [leader, voters] = await Promise.all([leaderKey(stage, "PUT"), holdVoters(stage), site.freeze(primary, "quick-patroni")]);
    for (const host of voters) {
      const { stdout } = await site.exec(host, ask("current_setting('primary_conninfo')"));
      if (stdout.includes(`host=${cluster}-${leader} `)) throw new Error(`${host} followed ${leader} before it could be held: no race`);
    }
    // Whoever writes straight to the old primary gets no answer until it goes on
    await stage.wait(15);
    await site.heal();
  },
};
