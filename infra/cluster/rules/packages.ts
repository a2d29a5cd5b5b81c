import { Fault, fault } from "../../config/errors";
import { DEFAULT_BASE } from "../../config/images";
import { ClusterSpec, Settings } from "../spec";
import { keyOf, Rule } from "./contents";

/** Extensions of Debian's postgresql-17 and -18, and of the packages that each server has beside it. */
const EXTENSIONS = `amcheck autoinc bloom btree_gin btree_gist citext cube dblink dict_int dict_xsyn earthdistance file_fdw fuzzystrmatch hstore
  insert_username intagg intarray isn lo ltree moddatetime pageinspect pg_buffercache pg_cron pg_freespacemap pg_logicalinspect pg_partman
  pg_prewarm pg_stat_statements pg_surgery pg_trgm pg_visibility pg_walinspect pgcrypto pgrowlocks pgstattuple plpgsql postgres_fdw refint seg
  sslinfo tablefunc tcn tsm_system_rows tsm_system_time unaccent uuid-ossp xml2`.split(/\s+/);

/** Libraries of theirs that are loaded into sessions or the server. */
const LIBRARIES = `auth_delay auto_explain basebackup_to_shell basic_archive passwordcheck pg_cron pg_overexplain pg_partman_bgw pg_prewarm
  pg_stat_statements pg_trgm pgcrypto test_decoding`.split(/\s+/);

/** Whose package is not called postgresql-18-<extension>. */
const PACKAGES: Record<string, string> = { vector: "pgvector", postgis: "postgis-3", pg_repack: "repack", plperl: "plperl", plpython3u: "plpython3", pltcl: "pltcl" };

const packageOf = (extension: string, version: number) => {
  const name = PACKAGES[extension] ?? extension.replaceAll("_", "-");
  return name.startsWith("pl") && extension in PACKAGES ? `postgresql-${name}-${version}` : `postgresql-${version}-${name}`;
};

/** An image of one's own may have anything, and so may what a package brings. */
const mayHaveMore = ({ packages, images, ec2 }: ClusterSpec) => packages.length > 0 || images.base !== DEFAULT_BASE || ec2?.config.packages.source === "baked";

/** What the servers' packages lack, where pgha alone has chosen them. */
export const packageRules: Rule[] = [versionsFit, extensionsAreThere, librariesAreThere];

function versionsFit({ packages, version }: ClusterSpec): Fault[] {
  return packages.flatMap((name) => {
    const [, other] = name.match(/^postgresql-(?:[a-z0-9]+-)?(\d\d)\b/) ?? [];
    return !other || Number(other) === version ? [] : [fault("postgres.packages", `${name} is for PostgreSQL ${other}`, `name the one for ${version}`)];
  });
}

function extensionsAreThere(spec: ClusterSpec): Fault[] {
  if (mayHaveMore(spec)) return [];
  return spec.databases.flatMap(({ name: database, extensions }) => extensions.flatMap(({ name }, index) => (EXTENSIONS.includes(name) ? [] : [
    fault(`${keyOf(spec, database)}.extensions.${index}.name`, `the servers have no extension "${name}"`,
      `correct its name, or name its package under postgres.packages (${packageOf(name, spec.version)}?)`)])));
}

function librariesAreThere(spec: ClusterSpec): Fault[] {
  if (mayHaveMore(spec)) return [];
  const { settings, roles } = spec;
  const check = (key: string, values: Settings) => ["shared_preload_libraries", "session_preload_libraries", "local_preload_libraries"].flatMap((setting) =>
    String(values[setting] ?? "").split(",").map((one) => one.trim().replace(/^"(.*)"$/, "$1")).filter((one) => one && !one.includes("/") && !LIBRARIES.includes(one))
      .map((one) => fault(`${key}.${setting}`, `the servers have no library "${one}"`, "correct its name, or name its package under postgres.packages")));
  return [...check("postgres.parameters", settings), ...roles.flatMap((role, index) => check(`roles.${index}.settings`, role.settings))];
}
