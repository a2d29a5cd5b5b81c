import { UserError } from "../errors";
import type { DockerAddress, Product } from "./dockerAddress";

/** What stands in the way of an engine, seen from its address. */
export interface Obstacle {
  readonly address: DockerAddress;
  /** It is there, but not open to this user. */
  readonly denied: boolean;
  readonly reason: string;
}

export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly isRoot: boolean;
  readonly isWsl: boolean;
  readonly hasDaemon: boolean;
  readonly hasApt: boolean;
  /** Whether the command may install and start system software. */
  readonly install: boolean;
  /** Whether a program, or an application of macOS, is there. */
  has(program: string): boolean;
}

/** Where applications of macOS tell that they are there. */
const onMac: [program: string, product: Product][] = [
  ["Docker", { name: "Docker Desktop", start: "start Docker Desktop" }],
  ["OrbStack", { name: "OrbStack", start: "start OrbStack" }],
  ["colima", { name: "Colima", start: "colima start" }],
  ["Rancher Desktop", { name: "Rancher Desktop", start: "start Rancher Desktop" }],
  ["podman", { name: "Podman", start: "podman machine start" }],
];

/** What can be done about engines that do not answer: install one, start one, or tell a person what to do. */
export function remedyFor(obstacles: Obstacle[], machine: Machine): "install" | "start" | UserError {
  const denied = obstacles.find((obstacle) => obstacle.denied);
  const { address, reason } = denied ?? obstacles[0];
  if (denied !== undefined)
    return new UserError(
      `Docker is there, but its socket ${address.host} is not open to you`,
      "sudo usermod -aG docker $USER   and log in again (members of that group are root on this machine)",
    );
  const again = "then run the command again";
  const tried = `tried ${obstacles.map((obstacle) => obstacle.address.host).join(", ")}`;
  const product = address.product ?? obstacles.find((obstacle) => obstacle.address.product)?.address.product;
  if (address.chosenBy && !address.product) {
    const back = address.chosenBy === "DOCKER_HOST" ? "unset DOCKER_HOST" : "docker context use default";
    return new UserError(`Docker does not answer at ${address.host}, where ${address.chosenBy} points: ${reason}`, `start it there, or ${back}`);
  }
  const chosen = address.chosenBy ? `, by ${address.chosenBy}` : "";
  if (product !== undefined && !(machine.isRoot && machine.hasDaemon && !address.chosenBy))
    return new UserError(`${product.name} is not running (${tried}${chosen})`, `${product.start}, ${again}`);
  return machine.platform === "linux" ? onLinux(machine, tried) : onDesktop(machine, tried, again);
}

function onDesktop(machine: Machine, tried: string, again: string): UserError {
  const there = onMac.find(([program]) => machine.has(program))?.[1];
  return there
    ? new UserError(`${there.name} is not running (${tried})`, `${there.start}, ${again}`)
    : new UserError(`Docker is not installed (${tried})`, `install and start Docker Desktop (https://docs.docker.com/desktop), OrbStack or Colima, ${again}`);
}

function onLinux({ isRoot, isWsl, hasDaemon, hasApt, install }: Machine, tried: string): "install" | "start" | UserError {
  if (install && isRoot && hasDaemon) return "start";
  if (install && isRoot && hasApt) return "install";
  const byUp = isRoot && (hasDaemon || hasApt) ? "npm run up does so, or: " : "";
  if (hasDaemon) return new UserError(`Docker is not running (${tried})`, `${byUp}sudo systemctl start docker`);
  const desktop = isWsl ? "turn on this distribution in Docker Desktop's settings (Resources, WSL integration), or " : "";
  return new UserError(`Docker is not installed (${tried})`, `${byUp}${desktop}install it (https://docs.docker.com/engine/install)`);
}
