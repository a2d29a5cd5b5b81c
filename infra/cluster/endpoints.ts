export interface Address {
  host: string;
  port: number;
}

/** How clients and operators reach what a target has built. Known at preview; several addresses are alternatives. */
export interface Endpoints {
  poolers: Address[];
  write: Address[];
  read: Address[];
  stats: Address[];
  patroni: Address[];
  /** Where the cluster is watched. */
  prometheus?: Address[];
  alertmanager?: Address[];
  /** Name of a load balancer before the poolers and proxies. */
  balancer?: string;
}
