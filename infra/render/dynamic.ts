import { ClusterSpec } from "../cluster/spec";
import { entries, render, RenderedFile } from "./template";

/** Patroni's dynamic configuration, as its REST API takes it. Source: Patroni's manual, "Dynamic Configuration Settings". */
export type DynamicConfiguration = Record<string, unknown>;

/** The settings of the whole cluster. They live in etcd: read from here once, when the cluster is made, then patched. */
export function dynamicConfiguration(spec: ClusterSpec): DynamicConfiguration {
  const { timers, replication } = spec;
  const physicalSlots = spec.slots.filter(({ type }) => type === "physical");
  const { mode, synchronousStandbys } = replication;
  return {
    ttl: timers.ttl,
    loop_wait: timers.loopWait,
    retry_timeout: timers.retryTimeout,
    primary_start_timeout: timers.primaryStartTimeout,
    primary_stop_timeout: timers.primaryStopTimeout,
    // Votes prove that a candidate has every commit; by its lag, which counts what nobody waited for, it would be kept out for good
    maximum_lag_on_failover: mode === "asynchronous" ? 16 * 2 ** 20 : 2 ** 50,
    check_timeline: true,
    failsafe_mode: true,
    synchronous_mode: { asynchronous: "off", priority: "on", quorum: "quorum", strict: "quorum" }[mode],
    synchronous_mode_strict: mode === "strict",
    synchronous_node_count: synchronousStandbys,
    // Logical slots survive a failover by themselves; physical ones Patroni keeps, on every member, only when it knows them
    slots: Object.fromEntries(physicalSlots.map(({ name, type }) => [name, { type }])),
    // Patroni drops what it does not know, at some time: the place of a consumer that it was not told of
    ignore_slots: [{ type: "logical" }],
    postgresql: {
      use_pg_rewind: true,
      use_slots: true,
      parameters: Object.fromEntries(entries(spec.settings).map(({ name, value }) => [name, value])),
    },
  };
}

interface View {
  cluster: string;
  version: number;
  dynamic: string;
  /** None, or one. */
  walDirectories: string[];
}

export function bootstrapFile(spec: ClusterSpec): RenderedFile {
  const view: View = { cluster: spec.name, version: spec.version, dynamic: JSON.stringify(dynamicConfiguration(spec)), walDirectories: spec.walDirectory ? [spec.walDirectory] : [] };
  return { path: "/etc/pgha/patroni/bootstrap.yml", content: render("bootstrap.yml", view) };
}
