import { UserError } from "../../tools/errors";
import { counted } from "../../tools/words";
import { AlertCheck, checkAlerts } from "../alerts/check";
import { Alert, Prometheus } from "../alerts/prometheus";
import { commonOptions, parseOptions } from "../arguments";
import { exitCode } from "../exitCode";
import { describeFailure } from "../failure";
import { formatSeconds } from "../format";
import { readStack } from "../outputs";
import { Paint, print, screenOf } from "../terminal";

export const summary = "alerts that fire, what they mean and what mends them";

export const usage = `npx pgha alerts [options]

Asks Prometheus which alerts fire, and which will if it goes on (pending). Needs monitoring.enabled.

  --check            whether alerts can fire at all: every server is scraped, and every metric that a rule reads is there
  --stack <name>     which deployment (the selected stack, or dev)
  --json             for programs; its shape is Alert[] in ops/alerts/prometheus.ts, with --check AlertCheck in ops/alerts/check.ts

Exit codes: 0 no alert fires but information, 3 one does or the check finds something, 1 error, 2 wrong usage.
`;

const options = { ...commonOptions, check: { type: "boolean", default: false } } as const;

export async function run(args: string[]): Promise<number> {
  const { stack: named, json, check } = parseOptions("alerts", args, options);
  const { stack, outputs } = await readStack(named);
  const [url] = outputs.prometheusUrls ?? [];
  if (url === undefined)
    throw new UserError(`the stack ${stack} is not watched`, `set pgha:cluster.monitoring.enabled to true in Pulumi.${stack}.yaml, then npm run up`);
  const prometheus = new Prometheus(url, { ca: outputs.caCertificate, timeout: 10_000 });
  const { name } = outputs.cluster;
  const { paint } = screenOf(process.stdout);
  try {
    if (check) {
      const found = await checkAlerts(name, prometheus);
      print(json, found, () => viewCheck(found, paint));
      return found.missing.length + found.down.length ? exitCode.degraded : exitCode.healthy;
    }
    const alerts = await prometheus.alerts();
    print(json, alerts, () => viewAlerts(name, alerts, Date.now(), paint));
    return alerts.some(({ state, severity }) => state === "firing" && severity !== "info") ? exitCode.degraded : exitCode.healthy;
  } catch (error) {
    throw new UserError(`Prometheus of ${name} cannot be asked: ${describeFailure(error)}`, `docker logs --tail 50 ${name}-prometheus-1`);
  }
}

/** `now`: milliseconds. */
export function viewAlerts(cluster: string, alerts: Alert[], now: number, paint: Paint): string {
  const firing = alerts.filter(({ state }) => state === "firing");
  const worst = firing.some(({ severity }) => severity === "critical") ? "bad" : firing.some(({ severity }) => severity === "warning") ? "warn" : "good";
  return [
    `${cluster}: ${paint(firing.length ? `${counted(firing.length, "alert")} firing` : "no alert", worst)}`,
    ...alerts.flatMap(({ name, state, severity, since, summary: what, runbook }) => [
      `  ${paint(severity, severity === "critical" ? "bad" : severity === "warning" ? "warn" : "dim")} ${name}${state === "pending" ? " (pending)" : ""}, ${formatSeconds((now - Date.parse(since)) / 1000)}: ${what}`,
      ...(runbook ? [paint(`    ${runbook}`, "dim")] : []),
    ]),
    "",
  ].join("\n");
}

export function viewCheck({ cluster, rules, metrics, missing, down }: AlertCheck, paint: Paint): string {
  const isWell = missing.length + down.length === 0;
  return [
    `${cluster}: ${paint(isWell ? "every alert can fire" : "some alerts cannot fire", isWell ? "good" : "bad")}: ${counted(rules, "rule")} read ${counted(metrics, "metric")}`,
    ...missing.map(({ metric, rules: readers }) => `  there is no ${metric}: ${readers.join(", ")}`),
    ...down.map(({ job, instance, error }) => `  ${job} of ${instance} is not scraped: ${error ?? "no answer"}`),
    "",
  ].join("\n");
}
