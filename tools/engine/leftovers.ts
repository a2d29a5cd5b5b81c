import type Docker from "dockerode";
import { unlessMissing } from "./repair";

/** What Docker holds of one cluster, by name. */
export interface Leftovers {
  readonly containers: string[];
  readonly networks: string[];
  readonly volumes: string[];
  readonly images: string[];
}

/** Finds what carries the label of exactly this cluster, and the images under its name. */
export async function findLeftovers(docker: Docker, cluster: string): Promise<Leftovers> {
  const filters = { label: [`pgha.cluster=${cluster}`] };
  const [containers, networks, { Volumes }, images] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
    docker.listImages({ filters: { reference: [`${cluster}/*`] } }),
  ]);
  return {
    containers: containers.map(({ Names }) => Names[0].replace(/^\//, "")).sort(),
    networks: networks.map(({ Name }) => Name).sort(),
    volumes: (Volumes ?? []).map(({ Name }) => Name).sort(),
    images: images
      .flatMap(({ RepoTags }) => RepoTags ?? [])
      .filter((tag) => tag.startsWith(`${cluster}/`))
      .sort(),
  };
}

/** Seconds a container gets to stop: Postgres then writes its last checkpoint. */
const grace = 30;

/** Removes containers and networks; nothing that holds data. */
export async function removeRunning(docker: Docker, { containers, networks }: Leftovers): Promise<void> {
  await Promise.all(
    containers.map(async (name) => {
      await unlessMissing(docker.getContainer(name).stop({ t: grace }).catch(ignoreStopped));
      await unlessMissing(docker.getContainer(name).remove({ force: true }));
    }),
  );
  for (const name of networks) await unlessMissing(docker.getNetwork(name).remove());
}

function ignoreStopped(error: { statusCode?: number }): void {
  if (error.statusCode !== 304) throw error;
}

/** Deletes volumes: the data. */
export async function removeVolumes(docker: Docker, { volumes }: Leftovers): Promise<void> {
  for (const name of volumes) await unlessMissing(docker.getVolume(name).remove());
}

/** Removes images; one that something else uses stays. */
export async function removeImages(docker: Docker, { images }: Leftovers): Promise<void> {
  for (const name of images) {
    await unlessMissing(docker.getImage(name).remove()).catch((error: { statusCode?: number }) => {
      if (error.statusCode !== 409) throw error;
    });
  }
}

/** Bytes of each volume, as far as Docker tells within a few seconds. */
export async function volumeSizes(docker: Docker): Promise<Map<string, number>> {
  const patience = new Promise<undefined>((resolve) => setTimeout(resolve, 3000, undefined).unref());
  const usage = (await Promise.race([docker.df(), patience]).catch(() => undefined)) as
    { Volumes?: { Name: string; UsageData?: { Size: number } }[] } | undefined;
  return new Map((usage?.Volumes ?? []).map(({ Name, UsageData }) => [Name, UsageData?.Size ?? -1]));
}
