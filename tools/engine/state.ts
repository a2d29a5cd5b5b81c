import { UserError } from "../errors";
import type { EngineEnvironment } from "./index";
import { demand } from "./stack";

export interface Resource {
  urn: string;
  type: string;
  id?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

export interface PendingOperation {
  type: string;
  resource: Resource;
}

export interface Exported {
  deployment: { resources?: Resource[] | null; pending_operations?: PendingOperation[] | null };
}

export async function exportState(stack: string, engine: EngineEnvironment): Promise<Exported> {
  return JSON.parse(await demand(["stack", "export", "--stack", stack], engine)) as Exported;
}

/** What a state says of its own deployment: how its cluster is called, and the ids that its containers and volumes carry. */
export interface Deployment {
  /** One; two where plain pulumi was stopped halfway through a change of the name. */
  readonly clusters: string[];
  readonly ids: string[];
}

/** Reads the names and ids that infra/secrets.ts and infra/targets/docker/cluster.ts put into the state. */
export function deploymentOf({ deployment }: Exported): Deployment {
  const resources = deployment.resources ?? [];
  const named = (type: string) =>
    resources.filter((resource) => resource.type === type).map(({ urn }) => urn.split("::").pop() ?? "");
  const id = "random:index/randomId:RandomId";
  // The component goes with every `down`, the protected id stays.
  const clusters = [...named("pgha:docker:Cluster"), ...named(id).map((name) => name.replace(/-id$/, ""))];
  const ids = resources.filter(({ type }) => type === id).map(({ outputs }) => outputs?.hex);
  return { clusters: [...new Set(clusters)], ids: ids.filter((hex) => typeof hex === "string") };
}

/** URNs of the passwords of declared roles, by the names that infra/secrets.ts gives them. */
export function rolePasswordsOf({ deployment }: Exported): string[] {
  return (deployment.resources ?? [])
    .filter(({ type, urn }) => type === "random:index/randomPassword:RandomPassword" && /::\S+-role-\S+-password$/.test(urn))
    .map(({ urn }) => urn);
}

/** Refuses a changed name: the engine would make a second cluster beside the first, and then fail to remove that one. */
export function checkName(configured: string, { clusters }: Deployment, removal: string): void {
  if (clusters.length === 0 || clusters.includes(configured)) return;
  throw new UserError(
    `this stack runs as ${clusters.join(", ")}, and pgha:cluster.name is now ${configured}; nothing was touched`,
    `set pgha:cluster.name back to ${clusters[0]}, or remove it first: ${removal}`,
  );
}
