import type { Control } from "../infra/live/access";
import { addressOf } from "../infra/live/reach/reach";
import { databasesOf } from "./database";
import type { Outputs } from "./outputs";

/** What a command needs to change who is the primary, from a stack's outputs. Holds passwords and a key. */
export function controlOf(outputs: Outputs): Control {
  return {
    patroni: outputs.patroniUrls.map(addressOf),
    authority: outputs.caCertificate,
    certificate: outputs.operatorCertificate,
    key: outputs.operatorKey,
    databases: databasesOf(outputs),
    poolers: outputs.poolerAdminUrls,
    writers: outputs.superuserUrls,
  };
}
