/** A step of `pulumi preview --json`, as far as it is read here. */
export interface Step {
  op: string;
  urn: string;
  detailedDiff?: Record<string, unknown> | null;
}

/** What the next release makes again, beside or away on purpose: name of the resource, and why. Emptied when the state is renewed. */
const meant: Record<string, string> = {
  "pgha-release-database-plans": "after a migration the poolers' connections are made anew; the first time at the update to this release",
  "pgha-release-succession": "moves the primary off a member that the configuration no longer has",
};

/** How a change reaches a container: rolled, one at a time. Its labels alone are no change, but a hash that is counted otherwise. */
function isRolled({ urn, op, detailedDiff }: Step): boolean {
  if (!urn.includes("docker:index/container:Container::") || !op.includes("replace")) return false;
  return Object.keys(detailedDiff ?? {}).some((property) => !property.startsWith("labels"));
}

/** The steps that create, replace or delete, and that nobody meant. */
export function notMeant(steps: Step[]): string[] {
  const rolled = new Set(steps.filter(isRolled).map(({ urn }) => urn));
  return steps
    .filter(({ op, urn }) => !["same", "update", "refresh", "read"].includes(op) && !rolled.has(urn) && !(urn.split("::").pop()! in meant))
    .map(({ op, urn, detailedDiff }) => `${op} ${urn.split("::").slice(-2).join(" ")} ${Object.keys(detailedDiff ?? {}).join()}`);
}

/** An exported state without the machine that it was made on, whose certificates never have to be renewed. */
export function withoutPlaces(exported: string, places: Record<string, string>): string {
  const state = JSON.parse(exported);
  for (const resource of state.deployment.resources) {
    delete resource.sourcePosition;
    delete resource.stackTrace;
    for (const properties of [resource.inputs, resource.outputs]) {
      if (properties?.engine) properties.engine = { id: "release", name: "release" };
      if (properties?.notAfter) properties.notAfter = "2999-01-01T00:00:00.000Z";
    }
  }
  return Object.entries(places).reduce((text, [name, place]) => text.replaceAll(place, name), JSON.stringify(state));
}

/** That state on this machine. */
export function withPlaces(state: string, places: Record<string, string>): string {
  return Object.entries(places).reduce((text, [name, place]) => text.replaceAll(name, place), state);
}
