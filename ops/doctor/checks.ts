import type { Check } from "./check";
import { bloat } from "./checks/bloat";
import { etcd } from "./checks/etcd";
import { hosts } from "./checks/hosts";
import { indexes } from "./checks/indexes";
import { integrity } from "./checks/integrity";
import { logical } from "./checks/logical";
import { patroni } from "./checks/patroni";
import { poolers } from "./checks/poolers";
import { profile } from "./checks/profile";
import { proxies } from "./checks/proxies";
import { roles } from "./checks/roles";
import { schema } from "./checks/schema";
import { sessions } from "./checks/sessions";
import { settings } from "./checks/settings";
import { slots } from "./checks/slots";
import { usage } from "./checks/usage";
import { vacuum } from "./checks/vacuum";
import { wal } from "./checks/wal";
import { ways } from "./checks/ways";
import { workload } from "./checks/workload";

/** By theme, in the order in which a person reads them. */
export const themes: Record<string, Check[]> = {
  "Cluster": patroni,
  "Ways in": [...ways, ...proxies, ...poolers],
  "etcd": etcd,
  "Hosts": hosts,
  "WAL and replication": [...wal, ...slots],
  "Sessions and locks": sessions,
  "Workload": [profile, ...workload],
  "Vacuum and bloat": [...vacuum, ...bloat],
  "Indexes": [...indexes, ...usage],
  "Schema": [...schema, ...logical],
  "Integrity": integrity,
  "Settings": settings,
  "Roles": roles,
};

export const checks: Check[] = Object.values(themes).flat();
