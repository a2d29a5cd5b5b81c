import { localeOf, type Locale } from "../../../cluster/locale";
import type { ClusterSpec, DatabaseSpec } from "../../../cluster/spec";
import type { SqlFiles } from "../migrations";
import { slotItems, type LogicalSlot } from "../slots";
import { connectItems, databaseItems, defaultPrivilegeItems, grantItems, schemaItems } from "./access";
import { Items, literal } from "./item";
import { publicationItems } from "./publications";
import { roleItems } from "./roles";
import { planSubscription, subscriptionItems, type SubscriptionPlan } from "./subscriptions";
import { tableItems } from "./tables";

/** What one database is to hold beside what its migrations make. */
export interface DatabasePlan {
  name: string;
  /** Where another one than the cluster's is declared. */
  locale?: Locale;
  items: Items;
  subscriptions: SubscriptionPlan[];
  slots: LogicalSlot[];
}

/** What is declared, as SQL. Plain data: a preview shows it. */
export interface Declared {
  /** Roles and databases; applied in database postgres. */
  cluster: Items;
  /** The application database first. */
  databases: DatabasePlan[];
}

/** Files of the application database that further ones need as well: to be served by the poolers, and to have partitions made. */
const POOLER_FILES = ["database/R__pooler_authentication.sql"];
const PARTITION_FILES = ["database/0004_maintenance.sql", "database/R__by_time.sql", "database/R__maintenance.sql"];

/** SQL for all that is declared. `files` are those in sql/. */
export function declare(spec: ClusterSpec, files: SqlFiles): Declared {
  const { databases, roles, database: application } = spec;
  const further = databases.filter(({ name }) => name !== application);
  const text = (names: string[]): Items[string] => ({ sql: names.map((name) => files[name]).join("\n") });
  return {
    cluster: {
      ...roleItems(roles, databases, application),
      ...Object.assign({}, ...further.map(databaseItems)),
      ...connectItems(roles),
    },
    databases: databases.map((database) => {
      const subscriptions = database.subscriptions.map(planSubscription);
      const slots = spec.slots.filter(({ type, database: of }) => type === "logical" && of === database.name).map(({ name, plugin }) => ({ name, plugin }));
      const locale = localeOf(database);
      return {
        name: database.name,
        ...(locale && { locale }),
        items: {
          ...(database.name === application ? scheduleItems(further.filter(hasPartitions)) : { "authentication of poolers": text(POOLER_FILES) }),
          ...(database.name !== application && hasPartitions(database) ? { "maintenance of partitions": text(PARTITION_FILES) } : {}),
          ...schemaItems(database),
          ...tableItems(database),
          ...defaultPrivilegeItems(database),
          ...grantItems(database),
          ...publicationItems(database),
          ...slotItems(slots),
          ...subscriptionItems(subscriptions),
        },
        subscriptions,
        slots,
      };
    }),
  };
}

const hasPartitions = ({ tables }: DatabaseSpec) => tables.some(({ partition }) => partition);

const whereClock = (statement: string) => `DO $$ BEGIN\n  IF to_regclass('cron.job') IS NOT NULL THEN ${statement}; END IF;\nEND $$;`;

/** pg_cron's clock ticks in the application database only, and calls into the others from there. */
function scheduleItems(databases: DatabaseSpec[]): Items {
  return Object.fromEntries(databases.map(({ name }) => {
    const job = literal(`pgha-maintenance-${name}`);
    return [
      `schedule of maintenance in ${name}`,
      {
        sql: whereClock(`PERFORM cron.schedule_in_database(${job}, '27 * * * *', 'CALL pgha.maintain()', ${literal(name)})`),
        // Until declared/left.ts finds that it is needed no more
        exists: "SELECT",
        drop: `SELECT cron.unschedule(${job}); (once its database has no table by time: no further partitions are made then)`,
      },
    ];
  }));
}
