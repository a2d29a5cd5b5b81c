import { ClusterSpec } from "../../cluster/spec";
import type { Ec2Node, Role } from "../../cluster/ec2/spec";
import { allServices } from "../../services";
import type { Service } from "../../services/service";
import { render } from "../../render/template";

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
  /** Their names, without versions. */
  held: string;
  /** None, or one. */
  proxies: string[];
}

/** What makes a machine of a fresh Debian; another one replaces the machine, so it holds nothing that changes. */
export function userData(spec: ClusterSpec, { host, name, role, names }: Ec2Node): string {
  const { name: cluster, ec2 } = spec;
  const { region, architecture, packages } = ec2!.config;
  // What may be on a machine of this role, its own services first
  const here = (service: Service) => service.machine.role === role;
  const besides = allServices.filter((service) => !here(service) && service.servers(spec).some((server) => names.includes(server.host)));
  const installed = [...allServices.filter(here), ...besides].flatMap(({ machine }) => machine.packages(spec));
  const view: View = {
    cluster, host, name, role, region, architecture,
    users: [
      { user: "postgres", number: 741, home: "/var/lib/postgresql" },
      { user: "etcd", number: 742, home: "/var/lib/etcd" },
      { user: "haproxy", number: 743, home: "/var/lib/haproxy" },
    ],
    installs: packages.source !== "baked",
    pgdg: packages.source === "pgdg",
    packages: installed.join(" "),
    held: installed.map((each) => each.replace(/=.*/, "")).join(" "),
    proxies: packages.proxy ? [packages.proxy] : [],
  };
  return render("ec2/user-data.sh", view);
}
