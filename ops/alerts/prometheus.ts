import { get, RequestOptions } from "../https";

/** An alert as Prometheus knows it: pending until it has been true for as long as its rule says. */
export interface Alert {
  name: string;
  state: "firing" | "pending";
  severity: "critical" | "warning" | "info";
  /** ISO 8601. */
  since: string;
  summary: string;
  /** Page and heading. */
  runbook?: string;
  /** Which server, database, slot and so on. */
  labels: Record<string, string>;
}

export interface ScrapeTarget {
  job: string;
  instance: string;
  /** Or not asked yet. */
  up: boolean;
  /** Why it gave nothing. */
  error?: string;
  /** Seconds that the last scrape took. */
  seconds: number;
}

interface RawAlert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  state: "firing" | "pending";
  activeAt: string;
}

interface RawTarget {
  labels: { job: string; instance: string };
  health: string;
  lastError: string;
  lastScrapeDuration: number;
}

const RANKS = ["critical", "warning", "info"];

/** Asks Prometheus' API; throws where it does not answer, without quoting the URL. */
export class Prometheus {
  /** `url` holds the operators' password. */
  constructor(private readonly url: string, private readonly options: RequestOptions) {}

  /** The worst first. */
  async alerts(): Promise<Alert[]> {
    const { alerts } = await this.ask<{ alerts: RawAlert[] }>("alerts");
    return alerts.map(readAlert).sort((a, b) => RANKS.indexOf(a.severity) - RANKS.indexOf(b.severity) || a.name.localeCompare(b.name));
  }

  async targets(): Promise<ScrapeTarget[]> {
    const { activeTargets } = await this.ask<{ activeTargets: RawTarget[] }>("targets?state=active");
    return activeTargets.map(({ labels: { job, instance }, health, lastError, lastScrapeDuration }) =>
      ({ job, instance, up: health !== "down", error: lastError || undefined, seconds: lastScrapeDuration }));
  }

  /** Names of every series of the last five minutes. */
  async names(): Promise<Set<string>> {
    const start = Math.floor(Date.now() / 1000) - 300;
    return new Set(await this.ask<string[]>(`label/__name__/values?start=${start}`));
  }

  /** Rules and what their expressions read. */
  async rules(): Promise<{ name: string; reads: string[] }[]> {
    const { groups } = await this.ask<{ groups: { rules: { name: string; query: string }[] }[] }>("rules");
    return Promise.all(groups.flatMap(({ rules }) => rules).map(async ({ name, query }) => ({ name, reads: await this.reads(query) })));
  }

  private async reads(query: string): Promise<string[]> {
    return selectors(await this.ask<unknown>(`parse_query?query=${encodeURIComponent(query)}`));
  }

  private async ask<T>(what: string): Promise<T> {
    const { status, body } = await get(`${this.url}api/v1/${what}`, this.options);
    if (status !== 200) throw new Error(`answers ${status}`);
    return (JSON.parse(body) as { data: T }).data;
  }
}

function readAlert({ labels: { alertname: name, severity, ...labels }, annotations: { summary, runbook }, state, activeAt }: RawAlert): Alert {
  return { name, state, severity: severity as Alert["severity"], since: activeAt, summary, runbook, labels };
}

/** Names of the metrics in an expression, as Prometheus has parsed it. */
export function selectors(node: unknown): string[] {
  if (typeof node !== "object" || node === null) return [];
  const { type, name } = node as { type?: unknown; name?: unknown };
  const own = (type === "vectorSelector" || type === "matrixSelector") && typeof name === "string" && name ? [name] : [];
  return [...new Set([...own, ...Object.values(node).flatMap(selectors)])];
}
