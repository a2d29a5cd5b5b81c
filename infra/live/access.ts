import type { Address } from "../cluster/endpoints";

/** Port-forwards of AWS Systems Manager, through the first of these machines that takes a session. Nothing else is needed at either end but the AWS CLI and its session-manager-plugin here. */
export interface Reach {
  region: string;
  /** Ids. */
  instances: string[];
}

/** Where Patroni answers, and what its certificate and ours are checked by. PEM texts. */
export interface Access {
  patroni: Address[];
  authority: string;
  certificate: string;
  key: string;
  /** Where the addresses cannot be reached directly. */
  reach?: Reach;
}

/** What it takes to move the primary without an error for those who write. URLs hold passwords. */
export interface Control extends Access {
  /** Those that applications write to, as PgBouncer names them. */
  databases: string[];
  /** PgBouncer's console as its administrator, one URL a pooler. */
  poolers: string[];
  /** All of these addresses are port-forwards. */
  forwarded?: boolean;
  /** The write port as superuser, one URL a proxy. */
  writers: string[];
}
