import { describeFailure } from "../failure";
import { get, RequestOptions } from "../https";
import { EtcdMember, Proxy } from "./report";

/** Asks one HAProxy's statistics page; never throws. */
export async function askProxy(name: string, url: string, options: RequestOptions): Promise<{ proxy: Proxy; validTo?: Date }> {
  try {
    const { status, body, validTo } = await get(`${url};csv`, options);
    const proxy = status === 200 ? { name, ...readStatistics(body) } : { name, error: `answers ${status}` };
    return { proxy, validTo };
  } catch (error) {
    return { proxy: { name, error: describeFailure(error) } };
  }
}

/** HAProxy's CSV: a row each of its frontends, backends and servers (management guide, 9.1). */
export function readCsv(csv: string): Record<string, string>[] {
  const [header = "", ...lines] = csv.replace(/^# /, "").trim().split("\n");
  const keys = header.split(",");
  return lines.map((line) => {
    const values = line.split(",");
    return Object.fromEntries(keys.map((key, index) => [key, values[index] ?? ""]));
  });
}

/** Frontends write and read, backends primary, standbys and etcd. */
export function readStatistics(csv: string): Omit<Proxy, "name" | "error"> {
  const rows = readCsv(csv);
  const up = (backend: string) =>
    rows
      .filter(({ pxname, svname, status }) => pxname === backend && !["BACKEND", "FRONTEND"].includes(svname) && status.startsWith("UP"))
      .map(({ svname }) => svname);
  const sessions = (frontend: string) =>
    Number(rows.find(({ pxname, svname }) => pxname === frontend && svname === "FRONTEND")?.scur ?? 0);
  const etcd = rows.some(({ pxname }) => pxname === "etcd") ? up("etcd") : undefined;
  return { write: up("primary"), read: up("standbys"), etcd, sessions: { write: sessions("write"), read: sessions("read") } };
}

/** A member is well if any proxy that asks says so. */
export function readEtcd(names: string[], proxies: Proxy[]): EtcdMember[] {
  const views = proxies.flatMap(({ etcd }) => (etcd ? [etcd] : []));
  return names.map((name) => ({ name, healthy: views.length > 0 ? views.some((up) => up.includes(name)) : undefined }));
}
