import type Docker from "dockerode";
import { unlessMissing } from "./docker";
import type { Deployment } from "./state";

/** What Docker holds of one cluster, by name. */
export interface Leftovers {
  readonly containers: string[];
  readonly networks: string[];
  readonly volumes: string[];
  readonly images: string[];
}

/** What bears a cluster's name: this state's own, and what another deployment of that name made. */
export interface Found {
  readonly own: Leftovers;
  readonly foreign: Leftovers;
}

interface Labelled {
  readonly name: string;
  readonly labels?: Record<string, string>;
}

export interface Listed {
  readonly containers: Labelled[];
  readonly networks: Labelled[];
  readonly volumes: Labelled[];
  readonly images: string[];
}

/** Finds what bears the name of this deployment's cluster. */
export async function findLeftovers(docker: Docker, deployment: Deployment): Promise<Found> {
  const filters = { label: ["pgha.cluster"] };
  const [containers, networks, { Volumes }, images] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
    docker.listImages({ filters: { reference: deployment.clusters.map((cluster) => `${cluster}/*`) } }),
  ]);
  const listed = {
    containers: containers.map(({ Names, Labels }) => ({ name: Names[0].replace(/^\//, ""), labels: Labels })),
    networks: networks.map(({ Name, Labels }) => ({ name: Name, labels: Labels })),
    volumes: (Volumes ?? []).map(({ Name, Labels }) => ({ name: Name, labels: Labels })),
    images: images.flatMap(({ RepoTags }) => RepoTags ?? []),
  };
  return sortOut(listed, deployment);
}

/**
 * Of what bears the name, tells by its id what is this state's own: neither alone will do, as a copied state has the
 * id of another's data. What has no id goes with the containers and volumes that use it.
 */
export function sortOut(listed: Listed, { clusters, ids }: Deployment): Found {
  const bearsName = ({ labels }: Labelled) => clusters.includes(labels?.["pgha.cluster"] ?? "");
  const isOwn = (thing: Labelled) => bearsName(thing) && ids.includes(thing.labels?.["pgha.cluster-id"] ?? "");
  const names = (things: Labelled[]) => things.map(({ name }) => name).sort();
  const own = (things: Labelled[]) => names(things.filter(isOwn));
  const foreign = (things: Labelled[]) => names(things.filter((thing) => !isOwn(thing) && bearsName(thing)));
  const others = { containers: foreign(listed.containers), volumes: foreign(listed.volumes) };
  const networks = names(listed.networks.filter(bearsName));
  const images = listed.images.filter((tag) => clusters.some((cluster) => tag.startsWith(`${cluster}/`))).sort();
  const ownNetworks = ids.length > 0 && others.containers.length === 0;
  const ownImages = others.containers.length + others.volumes.length === 0;
  return {
    own: {
      containers: own(listed.containers),
      volumes: own(listed.volumes),
      networks: ownNetworks ? networks : [],
      images: ownImages ? images : [],
    },
    foreign: { ...others, networks: ownNetworks ? [] : networks, images: ownImages ? [] : images },
  };
}

/** Whether there is anything but images, which are made again at will. */
export function isEmpty({ containers, networks, volumes }: Leftovers): boolean {
  return containers.length + networks.length + volumes.length === 0;
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
