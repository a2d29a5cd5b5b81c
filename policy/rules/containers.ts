import { forKinds, items, objects, oneOf, ResourceRule } from "../rule";
import { secretsIn } from "./servers";

const containers = ["docker:Container"];

/** Seconds in which PostgreSQL writes its checkpoint and ends. */
const GRACE = 5;

export const containerRules: ResourceRule[] = [
  {
    name: "container-unprivileged",
    reason: "a privileged container, or one in the host's namespaces, is root on the host",
    remedy: "leave privileged and the host's network, process and memory namespaces out",
    problems: forKinds(containers, ({ privileged, networkMode, pidMode, ipcMode, usernsMode }) => [
      ...oneOf(privileged === true, "is privileged"),
      ...Object.entries({ networkMode, pidMode, ipcMode, usernsMode }).filter(([, mode]) => mode === "host").map(([key]) => `shares the host's ${key.replace("Mode", "")}`),
    ]),
  },
  {
    name: "container-capabilities",
    reason: "each capability is a part of root, and no part of the cluster needs one",
    remedy: 'set capabilities: { drops: ["ALL"] } and add none',
    problems: forKinds(containers, ({ capabilities }) => {
      if (typeof capabilities === "symbol") return [];
      const [{ adds, drops } = {} as Record<string, unknown>] = objects(capabilities);
      return [...items(adds).map((one) => `adds ${String(one)}`), ...oneOf(typeof drops !== "symbol" && !items(drops).includes("ALL"), "keeps Docker's default capabilities")];
    }),
  },
  {
    name: "container-no-new-privileges",
    reason: "a setuid program in the image would give root back",
    remedy: 'set securityOpts: ["no-new-privileges"]',
    problems: forKinds(containers, ({ securityOpts }) =>
      oneOf(typeof securityOpts !== "symbol" && !items(securityOpts).some((one) => typeof one === "symbol" || /^no-new-privileges(:true)?$/.test(String(one))), "may gain privileges")),
  },
  {
    name: "container-memory-limit",
    reason: "one greedy container makes the kernel kill another one's Postgres",
    remedy: "set memory and the same memorySwap, in MiB",
    problems: forKinds(containers, ({ memory }) => oneOf(typeof memory !== "symbol" && !Number(memory), "has no memory limit")),
  },
  {
    name: "container-ports-local",
    reason: "Docker publishes past the host's firewall: 0.0.0.0 is the network, and often the internet",
    remedy: 'set ip: "127.0.0.1" on every port',
    problems: forKinds(containers, ({ ports, publishAllPorts }) => [
      ...objects(ports).filter(({ ip }) => typeof ip !== "symbol" && !/^(127\.|::1$)/.test(String(ip ?? ""))).map(({ external, internal, ip }) => `publishes port ${String(external ?? internal)} on ${String(ip ?? "0.0.0.0")}`),
      ...oneOf(publishAllPorts === true, "publishes every port of its image"),
    ]),
  },
  {
    name: "container-host-paths",
    reason: "the Docker socket, or a folder of the system, is root on the host",
    remedy: "use a named volume",
    problems: forKinds(containers, ({ volumes, mounts }) =>
      [...objects(volumes).map(({ hostPath }) => hostPath), ...objects(mounts).filter(({ type }) => type === "bind").map(({ source }) => source)]
        .filter((path): path is string => typeof path === "string" && /^\/(etc|root|proc|sys|dev|boot|var\/lib\/docker|home|$)|docker\.sock$/.test(path))
        .map((path) => `mounts ${path} of the host`)),
  },
  {
    name: "container-stops-gracefully",
    reason: "the Docker provider kills at once by default, and Postgres then recovers from a crash",
    remedy: `set destroyGraceSeconds to at least ${GRACE}`,
    problems: forKinds(containers, ({ destroyGraceSeconds }) => oneOf(typeof destroyGraceSeconds !== "symbol" && Number(destroyGraceSeconds ?? 0) < GRACE, "is killed without time to stop")),
  },
  {
    name: "no-plain-secret",
    reason: "what is not marked as secret stands in the state, in previews and in logs",
    remedy: "pass it as a Pulumi secret",
    programOnly: true,
    problems: forKinds(containers, ({ envs, uploads, command }) =>
      [...items(envs), ...objects(uploads).map(({ content }) => content), ...items(command)]
        .filter((text) => typeof text === "string")
        .flatMap(secretsIn)
        .map((what) => `holds ${what} in clear`)),
  },
];
