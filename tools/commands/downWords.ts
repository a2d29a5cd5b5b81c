import { npmRun } from "../arguments";
import { Found, isEmpty, Leftovers } from "../engine/leftovers";
import { UserError } from "../errors";
import { counted } from "../words";

/** Of this state, or of another deployment of the same name. */
export type Whose = "own" | "foreign";

/** What `down --data` asks for: --yes answers for one, and for another deployment only where there is none of our own. */
export function questions(ids: string[], foreign: Leftovers, yes: boolean): Whose[] {
  if (isEmpty(foreign)) return ["own"];
  if (ids.length === 0) return ["foreign"];
  return yes ? ["own"] : ["own", "foreign"];
}

/** Why a plain `down` touches nothing: what is there belongs to a state that this backend does not have. */
export function unknownDeployment(stack: string, cluster: string, foreign: Leftovers): UserError {
  return new UserError(
    `nothing was touched: this backend has no state of the stack ${stack}; ${leftAlone(cluster, foreign)}`,
    `run it where that was deployed: pulumi login <its backend>, or PULUMI_BACKEND_URL\n` +
      `only where that state is lost for good, this deletes the data: ${npmRun("down", stack, "--data", "--lost-state")}`,
  );
}

function leftAlone(cluster: string, { containers, volumes, networks }: Leftovers): string {
  const parts = [
    [containers.length, "container"],
    [volumes.length, "volume"],
    [containers.length + volumes.length > 0 ? 0 : networks.length, "network"],
  ] as const;
  const counts = parts.filter(([count]) => count > 0).map(([count, noun]) => counted(count, noun));
  return `${counts.join(" and ")} of another deployment of ${cluster} left alone`;
}

type Sizes = Map<string, number>;

/** What the first question is about. */
export function ownList(cluster: string, { volumes }: Leftovers, sizes: Sizes): string {
  const list = volumes.map((name) => volumeLine(name, sizes)).join("") || "  no volume is left\n";
  return `This deletes the cluster ${cluster} for good:\n${list}  its passwords, certificates and images\n`;
}

/** What another deployment's question is about. */
export function foreignList(cluster: string, { containers, volumes }: Leftovers, sizes: Sizes): string {
  const list = [
    ...containers.map((name) => `  container ${name}\n`),
    ...volumes.map((name) => volumeLine(name, sizes)),
  ].join("");
  return `This deletes another deployment of ${cluster} for good; this backend has no passwords for its data:\n${list}`;
}

function volumeLine(name: string, sizes: Sizes): string {
  const bytes = sizes.get(name) ?? -1;
  const size = bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
  return `  volume ${name}${bytes >= 0 ? ` (${size})` : ""}\n`;
}

/** What is left after `down`, and what becomes of it; `doomed` was to be deleted with its data. */
export function report(stack: string, cluster: string, { own, foreign }: Found, doomed: Whose[]): string {
  const all = (left: Leftovers) => [...left.containers, ...left.networks, ...left.volumes, ...left.images];
  const remove = npmRun("down", stack, "--data");
  const data = doomed.length > 0;
  const stubborn = [
    ...(data ? all(own) : [...own.containers, ...own.networks]),
    ...(doomed.includes("foreign") ? all(foreign) : []),
  ];
  const spared =
    doomed.includes("foreign") || isEmpty(foreign)
      ? ""
      : `${leftAlone(cluster, foreign)}.\n  ${remove}   asks for these separately\n`;
  return `\n${first()}\n${spared}`;

  function first(): string {
    if (stubborn.length > 0) return `${cluster} is down, but these are still there: ${stubborn.join(", ")}`;
    if (data) return `${cluster} is down, nothing is left of it.`;
    if (own.volumes.length === 0) return `${cluster} is down; it had no data.`;
    return [
      `${cluster} is down. Kept: ${own.volumes.join(", ")}, with the passwords and certificates in the state.`,
      `  ${npmRun("up", stack).padEnd(remove.length)}   takes them up again`,
      `  ${remove}   deletes them`,
    ].join("\n");
  }
}
