import { Alert, Prometheus } from "../alerts/prometheus";
import { describeFailure } from "../failure";
import { RequestOptions } from "../https";
import { Alerts } from "./report";

/** Asks Prometheus what fires; undefined where nothing is watched. Never throws. */
export async function askAlerts(url: string | undefined, options: RequestOptions): Promise<Alerts | undefined> {
  if (url === undefined) return undefined;
  try {
    return { firing: (await new Prometheus(url, options).alerts()).filter(({ state }) => state === "firing") };
  } catch (error) {
    return { error: describeFailure(error), firing: [] };
  }
}

/** Warnings are shown beside the verdict: they are about what may come. */
export function alertProblems({ error, firing }: Alerts): string[] {
  if (error) return [`nobody is told of alerts: Prometheus ${error}`];
  return firing.filter(({ severity }) => severity === "critical").map(({ name, summary }: Alert) => `alert ${name}: ${summary}`);
}
