import type { Exported } from "./state";

/** What the last update noted (infra/resources/dockerEngine.ts): the providers whose plugins were stand-ins; undefined where nothing did. */
function notedStandIns({ deployment }: Exported): string[] | undefined {
  const noted = (deployment.resources ?? []).find(({ type }) => type === "pulumi-nodejs:dynamic/pgha:DockerEngine");
  const standIns = noted?.inputs?.standIns;
  return Array.isArray(standIns) ? standIns.map(String) : undefined;
}

const named = (standIns: string[]) => (standIns.length > 0 ? `stand-ins for ${standIns.join(" and ")}` : "the official plugins");

/** Says that an update goes on with plugins of another kind than the last; undefined where it does not. The state serves both, so nothing is refused. */
export function otherPlugins(exported: Exported, standIns: string[]): string | undefined {
  const before = notedStandIns(exported);
  if (before === undefined || before.join() === standIns.join()) return undefined;
  const choice = standIns.length < before.length ? "stand-in stays with those" : "official refuses others";
  return `plugins: ${named(before)} at the last update, ${named(standIns)} now; nothing is made anew for that (PGHA_PLUGINS=${choice})`;
}
