import { ClusterSpec } from "../cluster/spec";
import { Ec2Node, Role } from "../cluster/ec2/place";
import { render } from "./template";

/** EC2 takes 16 KiB; half of it is our own limit, so that somebody can add to it. Bytes. */
export const USER_DATA_LIMIT = 8192;

interface View {
  cluster: string;
  host: string;
  name: string;
  role: Role;
  region: string;
  architecture: string;
  users: { user: string; number: number; home: string }[];
  /** An image that has everything installs nothing. */
  installs: boolean;
  pgdg: boolean;
  packages: string;
  /** None, or one. */
  proxies: string[];
}

/** What makes a machine of a fresh Debian; another one replaces the machine, so it holds nothing that changes. */
export function userData({ name: cluster, version, ec2 }: ClusterSpec, { host, name, role, volumes }: Ec2Node): string {
  const { region, architecture, packages } = ec2!.config;
  const etcd = volumes.some((volume) => volume.name === "etcd") ? ["etcd-server", "etcd-client"] : [];
  const ofRole: Record<Role, string[]> = {
    etcd,
    postgres: [`postgresql-${version}`, `postgresql-${version}-cron`, `postgresql-${version}-partman`, "patroni", "python3-etcd", ...etcd],
    edge: ["haproxy", "pgbouncer", "postgresql-client-common", "postgresql-client", "python3-psycopg2"],
  };
  const view: View = {
    cluster, host, name, role, region, architecture,
    users: [
      { user: "postgres", number: 741, home: "/var/lib/postgresql" },
      { user: "etcd", number: 742, home: "/var/lib/etcd" },
      { user: "haproxy", number: 743, home: "/var/lib/haproxy" },
    ],
    installs: packages.source !== "baked",
    pgdg: packages.source === "pgdg",
    packages: ofRole[role].join(" "),
    proxies: packages.proxy ? [packages.proxy] : [],
  };
  return render("ec2/user-data.sh", view);
}
