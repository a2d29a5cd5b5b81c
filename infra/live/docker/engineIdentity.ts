import Docker from "dockerode";

export interface Engine {
  /** Docker's own; "" where the engine has none. */
  id: string;
  /** Of its machine. */
  name: string;
}

export interface EngineInputs {
  stack: string;
  cluster: string;
  clusterId: string;
  engine: Engine;
}

/** Asks twice: Podman makes up another id for each answer. */
export async function engineNow(): Promise<Engine> {
  const docker = new Docker();
  const [{ ID, Name }, again] = [await docker.info(), await docker.info()];
  return { id: ID === again.ID ? ID : "", name: Name };
}

/** Throws where the cluster was made on another engine and this one has none of its volumes. */
export async function demandData(made: Engine, { stack, cluster, clusterId, engine }: EngineInputs): Promise<void> {
  const { Volumes } = await new Docker().listVolumes({ filters: { label: [`pgha.cluster-id=${clusterId}`] } });
  if ((Volumes ?? []).length > 0 || made.id === "" || engine.id === "") return;
  const option = stack === "dev" ? "" : ` --stack ${stack}`;
  throw new Error(
    `nothing was touched: ${cluster} runs on the Docker engine of ${made.name} (${made.id}), and this is another one, of ${engine.name} (${engine.id}); ` +
      `choose that one (DOCKER_HOST, or docker context use), or, where its data is lost, begin with an empty cluster by \`npm run up -- --empty${option}\``,
  );
}
