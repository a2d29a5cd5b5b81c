import type { Role } from "./spec";

interface Disk {
  gib: number;
  iops: number;
  /** MiB a second. */
  throughput: number;
}

interface Size {
  instances: Record<"arm64" | "amd64", Record<Role, string>>;
  volumes: Record<"data" | "wal", Disk>;
  nat: "single" | "per-zone";
}

const machines = (postgres: string, etcd: string, edge: string): Record<Role, string> => ({ postgres, etcd, edge });
const basic = (gib: number): Disk => ({ gib, iops: 3000, throughput: 125 });

/** Machines and volumes for three budgets. A single NAT gateway is needed to make machines, not to run them. */
export const sizes: Record<"small" | "medium" | "large", Size> = {
  small: {
    instances: { arm64: machines("m7g.large", "t4g.small", "t4g.medium"), amd64: machines("m7i.large", "t3.small", "t3.medium") },
    volumes: { data: basic(50), wal: basic(20) },
    nat: "single",
  },
  medium: {
    instances: { arm64: machines("r7g.xlarge", "c7g.medium", "c7g.large"), amd64: machines("r7i.xlarge", "c7i.large", "c7i.large") },
    volumes: { data: basic(200), wal: basic(50) },
    nat: "single",
  },
  large: {
    instances: { arm64: machines("r7g.4xlarge", "c7g.large", "c7g.xlarge"), amd64: machines("r7i.4xlarge", "c7i.large", "c7i.xlarge") },
    volumes: { data: { gib: 1000, iops: 12_000, throughput: 500 }, wal: { gib: 200, iops: 6000, throughput: 250 } },
    nat: "per-zone",
  },
};
