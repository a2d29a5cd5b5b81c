import { Site } from "./site";

/** The cluster as it stands right before the fault; containers' names. */
export interface Stage {
  site: Site;
  primary: string;
  standbys: string[];
  etcdLeader: string;
  etcd: string[];
  /** The one that carries the writers first. */
  haproxy: string[];
  pgbouncer: string[];
  /** Resolves when every path takes writes that were begun from now on; its value is the primary of then. */
  writesAgain(): Promise<string>;
  /** Resolves when every server runs and every standby streams. */
  whole(): Promise<void>;
  /** Seconds. */
  wait(seconds: number): Promise<void>;
  /** To the best standby, or to this container. */
  switchover(to?: string): Promise<void>;
  /** One statement of the superuser, on the primary. */
  superuser(statement: string): Promise<void>;
}

/** One fault. What it breaks through the site, the site heals; the rest heals by itself. */
export interface Scenario {
  title: string;
  /** How it gets well again. */
  heals: string;
  /** The failure of the stack's budget that it is measured against; of several, the sum. */
  failure?: string | string[];
  /** Seconds that writes may stop for, where the budget has no such failure. */
  worst?: number;
  /** Seconds from the fault to the healing, at least: longer than what the fault takes to be noticed. */
  hold: number;
  /** Holds writers back at the poolers, so that nothing may fail there. */
  planned?: boolean;
  /** No reason to give the primary up: another one afterwards is a failure. */
  keeps?: boolean;
  /** Works only where the containers' network is within reach (Linux, root, iptables), or where the kernel can delay packets, too. */
  needs?: "network" | "netem";
  /** Sets the scene before anything is measured; what it changes, the site heals. */
  prepare?(stage: Stage): Promise<void>;
  break(stage: Stage): Promise<void>;
}
