import type { Ec2Node } from "../../cluster/ec2/spec";
import type { ClusterSpec, Server } from "../../cluster/spec";
import type { RenderedFile } from "../../render/template";
import { allServices } from "../../services";
import { PROGRAMS, Secret, Service as ServiceKind, Unit } from "../../services/service";
import { unitPath } from "./units";

/** A unit of a machine, as machine/apply.py takes care of it. */
export interface Service extends Omit<Unit, "name"> {
  unit: string;
}

export interface SecretFile {
  /** Last part of the parameter's name. */
  name: string;
  path: string;
  owner: string;
  mode: string;
  /** Of this machine alone, and not of all machines of its role. */
  own?: boolean;
}

/** Everything about one service on a machine. */
export interface Part {
  units: string[];
  files: RenderedFile[];
  /** Programs, by their path in the project. */
  programs: Record<string, string>;
  secrets: SecretFile[];
  services: Service[];
}

/** The services of a machine, in the order in which they are taken care of. */
export function partsOf(spec: ClusterSpec, { names }: Ec2Node): Part[] {
  return allServices.flatMap((service) => service.servers(spec).filter(({ host }) => names.includes(host)).map((server) => partOf(spec, service, server)));
}

function partOf(spec: ClusterSpec, service: ServiceKind, server: Server): Part {
  const { machine, environment } = service;
  const files = service.files(spec, server);
  const units = machine.units(files.map(({ path }) => path));
  return {
    units: units.map(({ name }) => name),
    files: [...files, ...(service.firstFiles?.(spec) ?? [])],
    programs: Object.fromEntries(Object.entries(machine.programs).map(([name, from]) => [`${PROGRAMS}/${name}`, from])),
    secrets: [...(environment ? [secretFile({ name: environment.file, text: "", owner: "root:root" }, "root")] : []), ...service.secrets(spec).map((secret) => secretFile(secret, machine.user))],
    services: units.map(({ name, restart, ...rest }) => ({ unit: `pgha-${name}.service`, restart: [unitPath(name), ...restart], ...rest })),
  };
}

function secretFile({ name, own, owner, mode = "0600" }: Secret, user: string): SecretFile {
  return { name, path: `/run/secrets/${name}`, owner: owner ?? `${user}:${user}`, mode, ...(own && { own }) };
}
