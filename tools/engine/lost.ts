import type Docker from "dockerode";
import { unlessMissing } from "./docker";
import type { Resource } from "./state";

const type = {
  container: "docker:index/container:Container",
  image: "docker:index/image:Image",
  network: "docker:index/network:Network",
  volume: "docker:index/volume:Volume",
};

/** What a Docker engine has: ids of running containers and of networks, names of volumes. */
export interface Present {
  containers: Set<string>;
  networks: Set<string>;
  volumes: Set<string>;
}

/** URNs of what a state has and the engine has not. */
export interface Lost {
  /** A refresh takes these out of the state, so that the update makes them again; a container may only be stopped. */
  forgettable: string[];
  /** Providers do not look whether an image is there: these are to be replaced. */
  images: string[];
}

export async function present(docker: Docker): Promise<Present> {
  const [containers, networks, { Volumes }] = await Promise.all([
    docker.listContainers(),
    docker.listNetworks(),
    docker.listVolumes(),
  ]);
  return {
    containers: new Set(containers.map(({ Id }) => Id)),
    networks: new Set(networks.map(({ Id }) => Id)),
    volumes: new Set((Volumes ?? []).map(({ Name }) => Name)),
  };
}

/** Containers, networks and volumes of the state that the engine has not: pulumi notices only when it is told to look. */
export function lostResources(resources: Resource[], { containers, networks, volumes }: Present): string[] {
  const known: Record<string, Set<string>> = {
    [type.container]: containers,
    [type.network]: networks,
    [type.volume]: volumes,
  };
  return resources.filter(({ type, id }) => id !== undefined && known[type]?.has(id) === false).map(({ urn }) => urn);
}

export async function findLost(resources: Resource[], docker: Docker): Promise<Lost> {
  const images: string[] = [];
  for (const { urn, outputs } of resources.filter((resource) => resource.type === type.image)) {
    const id = outputs?.repoDigest;
    if (typeof id === "string" && (await unlessMissing(docker.getImage(id).inspect())) === undefined) images.push(urn);
  }
  return { forgettable: lostResources(resources, await present(docker)), images };
}
