import type { Control } from "../infra/patroni/client";
import type { Outputs } from "./outputs";

/** What a command needs to change who is the primary, from a stack's outputs. Holds passwords and a key. */
export function controlOf(outputs: Outputs): Control {
  return {
    patroni: outputs.patroniUrls.map((url) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) })),
    authority: outputs.caCertificate,
    certificate: outputs.operatorCertificate,
    key: outputs.operatorKey,
    databases: outputs.cluster.databases ?? [outputs.cluster.database],
    poolers: outputs.poolerAdminUrls,
    writers: outputs.superuserUrls,
  };
}
