import { connectDocker, dockerHost } from "../../tools/engine/docker";
import { Containers } from "../drill/containers";
import { describeFailure } from "../failure";
import { Outputs } from "../outputs";

/** What one member of etcd says of itself. Sizes in bytes. */
export interface EtcdStatus {
  name: string;
  version: string;
  size: number;
  /** Of what is in use, after a defragmentation. */
  used: number;
  /** Ids. */
  id: string;
  leader: string;
  index: number;
}

/** The file system of one server's data. Bytes. */
export interface Disk {
  name: string;
  size: number;
  free: number;
}

/** `alarms` of all members; absent where none says. */
export interface Etcd {
  members: EtcdStatus[];
  alarms?: string[];
}

interface Seen {
  etcd?: Etcd;
  disks?: Disk[];
  noContainers?: string;
}

const PATIENCE_MS = 5000;
const ETCDCTL = "ETCDCTL_USER=root ETCDCTL_PASSWORD=$(cat /run/secrets/etcd_root) etcdctl --command-timeout=2s";
/** As in images/etcd/etcd-member. */
const WAY = "--cacert /etc/pgha/ca.crt --cert /etc/pgha/tls.crt --key /run/secrets/tls_key --endpoints https://localhost:2379";

/** etcd and the disks have no port that leads out of the cluster: they are asked in their containers, by programs that are there. */
export async function askContainers({ cluster }: Outputs): Promise<Seen> {
  if (cluster.target !== "docker") return { noContainers: "asked in containers only, and the servers are machines" };
  try {
    const containers = new Containers(connectDocker(dockerHost(process.env)), cluster.name, []);
    const late = new Promise<never>((_, reject) => setTimeout(reject, PATIENCE_MS, new Error("timeout")).unref());
    const asked = Promise.all([
      Promise.all(cluster.etcd.map(async ({ name, host }) => readStatus(name, await tell(containers, host, `${ETCDCTL} ${WAY} endpoint status -w json`)))),
      askAlarms(containers, cluster.etcd.map(({ host }) => host)),
      Promise.all(cluster.postgres.map(async ({ name, host }) => readDisk(name, await tell(containers, host, "df -PB1 /var/lib/pgha | tail -n 1")))),
    ]);
    const [members, alarms, disks] = await Promise.race([asked, late]);
    return { etcd: { members: members.flatMap((one) => one ?? []), alarms }, disks: disks.flatMap((one) => one ?? []) };
  } catch (error) {
    return { noContainers: `Docker ${describeFailure(error)}` };
  }
}

/** Any member knows those of all. */
async function askAlarms(containers: Containers, hosts: string[]): Promise<string[] | undefined> {
  for (const host of hosts) {
    const answer = await tell(containers, host, `${ETCDCTL} ${WAY} alarm list`);
    if (answer !== undefined) return answer.split("\n").filter(Boolean);
  }
  return undefined;
}

/** What a line of shell prints; nothing where it, or its container, fails: the parts themselves are judged by other checks. */
async function tell(containers: Containers, host: string, line: string): Promise<string | undefined> {
  return containers.exec(host, line).then(({ code, stdout }) => (code === 0 ? stdout.trim() : undefined), (error: { statusCode?: number }) => {
    if (error.statusCode) return undefined;
    throw error;
  });
}

/** `etcdctl endpoint status -w json`. */
export function readStatus(name: string, json: string | undefined): EtcdStatus | undefined {
  if (!json) return undefined;
  // Ids are larger than what a number of JavaScript holds
  const [{ Status }] = JSON.parse(json.replace(/:(\d{16,})/g, ':"$1"')) as { Status: { header: { member_id: string }; version: string; dbSize: number; dbSizeInUse: number; leader?: string; raftIndex: number } }[];
  return { name, version: Status.version, size: Status.dbSize, used: Status.dbSizeInUse, id: String(Status.header.member_id), leader: String(Status.leader ?? ""), index: Number(Status.raftIndex) };
}

/** The last line of `df -PB1`. */
export function readDisk(name: string, line = ""): Disk | undefined {
  const [, size, , free] = line.split(/\s+/);
  return size ? { name, size: Number(size), free: Number(free) } : undefined;
}
