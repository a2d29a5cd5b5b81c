import * as net from "node:net";
import Docker from "dockerode";

export interface PreflightInputs {
  stack: string;
  cluster: string;
  clusterId: string;
  hosts: string[];
  /** Configuration key of each port on the machine. */
  ports: { key: string; port: number }[];
  /** Labels of volumes that data cannot outlive a change of, each with the configuration key that would change it. */
  fixed: { label: string; key: string; value: string }[];
}

/** Looks, before anything is touched, for data that cannot be taken up, foreign containers and ports in use. */
export async function inspect({ stack, cluster, clusterId, hosts, ports, fixed }: PreflightInputs): Promise<string[]> {
  const engine = new Docker();
  const faults: string[] = [];
  const ours = (labels: Record<string, string> | undefined) => labels?.["pgha.cluster-id"] === clusterId;

  const { Volumes } = await engine.listVolumes({ filters: { label: [`pgha.cluster=${cluster}`] } });
  const foreign = (Volumes ?? []).filter((volume) => !ours(volume.Labels)).map((volume) => volume.Name);
  if (foreign.length)
    faults.push(
      `the volumes ${foreign.join(", ")} hold data of another deployment of "${cluster}", whose passwords and certificates this stack does not have; ` +
        `select the stack that made them, or, where that state is lost, delete them for good by \`npm run down -- --data --lost-state${stack === "dev" ? "" : ` --stack ${stack}`}\``,
    );

  for (const { label, key, value } of fixed) {
    const other = (Volumes ?? []).map(({ Labels }) => Labels?.[label]).find((made) => made !== undefined && made !== value);
    if (other !== undefined)
      faults.push(
        `the data was made with pgha:cluster.${key} ${other} and cannot be taken up with ${value}; ` +
          `set it back, or deploy a cluster of another name beside this one and move the data`,
      );
  }

  const containers = await engine.listContainers({ all: true });
  const taken = containers.flatMap(({ Names, Labels }) => (ours(Labels) ? [] : Names.map((name) => name.slice(1)))).filter((name) => hosts.includes(name));
  if (taken.length)
    faults.push(`containers named ${taken.join(", ")} exist that this stack did not make; remove them, or deploy a stack whose pgha:cluster.name is another one`);

  const published = containers.flatMap(({ Labels, Ports }) => (ours(Labels) ? Ports.map(({ PublicPort }) => PublicPort) : []));
  for (const { key, port } of ports) {
    if (published.includes(port)) continue;
    const free = await new Promise<boolean>((resolve) => {
      const probe = net.createServer().once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
    });
    if (!free)
      faults.push(`port ${port} of this machine is in use; set pgha:cluster.${key} to a free one, or shift all ports by pgha:cluster.ports.offset`);
  }
  return faults;
}
