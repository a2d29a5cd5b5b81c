import type Docker from "dockerode";
import { npmRun } from "../arguments";
import { UserError } from "../errors";
import { findLeftovers } from "./leftovers";
import { deploymentOf, Exported, Resource } from "./state";

/** A Docker engine: its own id ("" where it has none), the name of its machine, and how it is reached. */
export interface Engine {
  id: string;
  name: string;
  host: string;
}

/** What the program (infra/resources/dockerEngine.ts) has noted in the state. */
function notedEngine(resources: Resource[]): { urn: string; engine: Pick<Engine, "id" | "name"> } | undefined {
  const noted = resources.find(({ type }) => type === "pulumi-nodejs:dynamic/pgha:DockerEngine");
  const engine = noted?.outputs?.engine as Pick<Engine, "id" | "name"> | undefined;
  return noted && engine && { urn: noted.urn, engine };
}

export async function engineOf(docker: Docker, host: string): Promise<Engine> {
  const [{ ID, Name }, again] = [await docker.info(), await docker.info()];
  return { id: ID === again.ID ? ID : "", name: Name, host };
}

const isData = (name: string) => /-postgres-\d+-data$/.test(name);

/** Why a cluster's data is not where its state is used. */
export interface Absence {
  why: "elsewhere" | "lost" | "unknown";
  /** Where it is, where that is known to be another engine. */
  noted?: Pick<Engine, "id" | "name">;
  here: Engine;
}

/**
 * Whether the engine has none of the data of a cluster that was deployed: an update would begin an empty one in its
 * place, and take the state away from the data. `volumes` are those of this state that the engine has.
 */
export function absenceOf({ deployment }: Exported, volumes: string[], here: Engine): Absence | undefined {
  const resources = deployment.resources ?? [];
  const known = resources.some(({ type, id }) => type === "docker:index/volume:Volume" && isData(id ?? ""));
  const wasUp = resources.some(({ type, outputs }) => type === "pulumi:pulumi:Stack" && outputs?.writeUrl !== undefined);
  if ((!known && !wasUp) || volumes.some(isData)) return undefined;
  const noted = notedEngine(resources)?.engine;
  if (!noted?.id || !here.id) return { why: "unknown", here };
  if (noted.id !== here.id) return { why: "elsewhere", noted, here };
  // Machines made from one image have engines of one id
  return { why: noted.name === here.name ? "lost" : "unknown", here };
}

/** Looks for that absence. */
export async function findAbsence(exported: Exported, docker: Docker, host: string): Promise<Absence | undefined> {
  const names = (exported.deployment.resources ?? []).flatMap(({ type, id }) => (type === "docker:index/volume:Volume" && id ? [id] : []));
  const { own } = await findLeftovers(docker, deploymentOf(exported));
  const { Volumes } = await docker.listVolumes();
  const there = new Set((Volumes ?? []).map(({ Name }) => Name));
  return absenceOf(exported, [...own.volumes, ...names.filter((name) => there.has(name))], await engineOf(docker, host));
}

/** What an absence is, in a sentence. */
export function describeAbsence({ why, noted, here }: Absence, cluster: string): string {
  const at = `the Docker engine of ${here.name} (${here.host})`;
  if (why === "elsewhere") return `${cluster} runs on the Docker engine of ${noted!.name} (${noted!.id}); ${at} is another one (${here.id}), or was reset`;
  return why === "lost" ? `the data of ${cluster} is gone: ${at} has no volume of its Postgres any more` : `${at} has none of the data of ${cluster}: it is another engine, or the data is lost`;
}

/** Refuses, with the ways out; `remedy` is that for data that is lost. */
export function missingData(absence: Absence, cluster: string, stack: string, command: "up" | "down"): UserError {
  const choose = "if the stack runs on another engine, choose that one: DOCKER_HOST, or docker context use <name>";
  const lost =
    command === "up"
      ? `if its data is lost, this begins with an empty cluster, under the same passwords: ${npmRun("up", stack, "--empty")}`
      : `if its data is lost, this forgets it with its passwords: ${npmRun("down", stack, "--data", "--lost-engine")}`;
  const ways = absence.why === "lost" ? [lost] : [choose, lost];
  return new UserError(`nothing was touched: ${describeAbsence(absence, cluster)}`, ways.join("\n"));
}

/** The URN under which the state notes its engine: deleting it lets the next update note another one. */
export function engineUrn({ deployment }: Exported): string | undefined {
  return notedEngine(deployment.resources ?? [])?.urn;
}
