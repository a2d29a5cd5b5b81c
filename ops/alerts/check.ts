import { Prometheus, ScrapeTarget } from "./prometheus";

/** Whether alerts can fire at all: what `npx pgha alerts --check --json` prints. */
export interface AlertCheck {
  cluster: string;
  rules: number;
  /** Metrics that rules read. */
  metrics: number;
  /** Those of which there is nothing, and the rules that read them. */
  missing: { metric: string; rules: string[] }[];
  down: ScrapeTarget[];
}

/** Of what there may rightly be nothing: no slot but those of members, no table by time, nobody who is told. */
const OPTIONAL = ["pgha_partitions_ahead_seconds", "alertmanager_notifications_failed_total"];

export async function checkAlerts(cluster: string, prometheus: Prometheus): Promise<AlertCheck> {
  const [rules, names, targets] = await Promise.all([prometheus.rules(), prometheus.names(), prometheus.targets()]);
  const metrics = [...new Set(rules.flatMap(({ reads }) => reads))].sort();
  const missing = metrics.filter((metric) => !names.has(metric) && !OPTIONAL.includes(metric));
  return {
    cluster,
    rules: rules.length,
    metrics: metrics.length,
    missing: missing.map((metric) => ({ metric, rules: rules.filter(({ reads }) => reads.includes(metric)).map(({ name }) => name) })),
    down: targets.filter(({ up }) => !up),
  };
}
