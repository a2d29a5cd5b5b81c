import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { diffState } from "../diff";
import { InitializationFailed, UNKNOWN } from "../resource";
import type { CheckRequest, CheckResult, Diff, DiffRequest, Operation, Properties, Resource } from "../resource";
import { checkInputs, isAbsent, isUnknown, planState } from "../schema";
import { daemonMessage, docker, orUndefined } from "./client";
import type { ContainerInputs, Upload } from "./containerInputs";
import { createOptions, endpoint, updatableOptions } from "./containerOptions";
import { containerSchema } from "./containerSchema";
import { inputsFromState, inspectedState } from "./containerState";
import { ensureImage } from "./image";
import { uploadArchive, uploadFault } from "./uploads";

const HEALTH_POLL_MS = 1000;

export const container: Resource = {
  check: checkContainer,
  diff: diffContainer,
  plan: (inputs, state) => (state ? updatedState(state, inputs) : planState(containerSchema, inputs, UNKNOWN)),
  create: createContainer,

  async read(id, state, inputs) {
    const inspected = await orUndefined((await docker()).getContainer(id).inspect());
    if (!inspected) return undefined;
    const current = inspectedState(inspected, state);
    return { state: current, inputs: inputsFromState(inputs, current) };
  },

  async update(id, state, inputs) {
    const updated = updatedState(state, inputs);
    const target = (await docker()).getContainer(id);
    try {
      await target.update(updatableOptions(inputs as unknown as ContainerInputs));
      // One that was found stopped
      if (state.mustRun === false && inputs.mustRun && inputs.start) await orUndefined(target.start(), 304);
    } catch (error) {
      throw new InitializationFailed(id, updated, `Unable to update a container: ${daemonMessage(error)}`);
    }
    return updated;
  },

  /** SIGKILL at once without destroyGraceSeconds, as the official provider. */
  async delete(id, state) {
    const { destroyGraceSeconds, removeVolumes } = state as unknown as ContainerInputs;
    const target = (await docker()).getContainer(id);
    if (destroyGraceSeconds) await orUndefined(target.stop({ t: destroyGraceSeconds }), 304);
    await orUndefined(target.remove({ force: true, v: removeVolumes }));
  },
};

function checkContainer(request: CheckRequest): CheckResult {
  const { inputs, failures } = checkInputs(containerSchema, request);
  if (failures.length === 0 && !isUnknown(inputs.uploads)) {
    for (const upload of (inputs.uploads ?? []) as unknown as Upload[]) {
      const reason = isUnknown(upload as never) ? undefined : uploadFault(upload);
      if (reason) failures.push(`"uploads": ${reason}`);
    }
  }
  return { inputs, failures };
}

/** A container that failed while it was being made is made anew, even where no other property asks for it. */
function diffContainer({ state, news }: DiffRequest): Diff {
  const diff = diffState(containerSchema, state, news);
  const replaces = Object.values(diff.detailed).some((kind) => kind.endsWith("_REPLACE"));
  if (diff.detailed.networkDatas && !replaces) diff.detailed.networkDatas = "ADD_REPLACE";
  return diff;
}

/** Planned values over the old state: the official provider does not read back after an update. */
function updatedState(state: Properties, inputs: Properties): Properties {
  const plan = planState(containerSchema, inputs, null);
  const given = Object.keys(plan).filter((key) => {
    const { computed, output, sticky } = containerSchema[key];
    return !isAbsent(inputs[key]) || !(computed || output || sticky);
  });
  return { ...state, ...Object.fromEntries(given.map((key) => [key, plan[key]])) };
}

async function createContainer(properties: Properties, operation: Operation) {
  const inputs = properties as unknown as ContainerInputs;
  const client = await docker();
  await ensureImage(client, inputs.image, operation);
  const created = await client.createContainer(createOptions(inputs)).catch((error) => {
    throw new Error(`Unable to create container ${inputs.name}: ${daemonMessage(error)}`);
  });
  try {
    await prepareAndStart(client, created, inputs, operation);
    const state = { ...planState(containerSchema, properties, null), id: created.id };
    return { id: created.id, state: inspectedState(await created.inspect(), state) };
  } catch (error) {
    const pending = { ...planState(containerSchema, properties, null), networkDatas: null, id: created.id };
    throw new InitializationFailed(created.id, pending, daemonMessage(error));
  }
}

async function prepareAndStart(
  client: Docker,
  created: Docker.Container,
  inputs: ContainerInputs,
  operation: Operation,
): Promise<void> {
  if (inputs.wait && inputs.start && !(await created.inspect()).Config.Healthcheck) {
    throw new Error(`${inputs.name} has "wait" but no health check: give it a "healthcheck", or leave "wait" out.`);
  }
  if (inputs.networksAdvanced?.length) await connectNetworks(client, created, inputs);
  if (inputs.uploads?.length) await created.putArchive(uploadArchive(inputs.uploads), { path: "/" });
  if (!inputs.start) return;
  await created.start().catch((error) => {
    throw new Error(`Unable to start container: ${daemonMessage(error)}`);
  });
  if (inputs.wait) await waitUntilHealthy(created, inputs, operation);
}

/** Only the networks named: Docker has put the container on the default one. */
async function connectNetworks(client: Docker, created: Docker.Container, inputs: ContainerInputs): Promise<void> {
  if (inputs.networkMode === "bridge") await client.getNetwork("bridge").disconnect({ Container: created.id });
  for (const network of inputs.networksAdvanced ?? []) {
    await client.getNetwork(network.name).connect({ Container: created.id, EndpointConfig: endpoint(network) });
  }
}

/** Patient with "unhealthy", as the official provider: only the time-out ends the wait. */
async function waitUntilHealthy(created: Docker.Container, inputs: ContainerInputs, { signal, progress }: Operation) {
  const { name, waitTimeout } = inputs;
  const deadline = Date.now() + waitTimeout * 1000;
  let shown: string | undefined;
  for (;;) {
    const { State } = await created.inspect();
    if (State.Health?.Status === "healthy") return;
    const status = State.Running ? (State.Health?.Status ?? State.Status) : `${State.Status} (${State.ExitCode})`;
    if (signal.aborted) throw new Error(`cancelled while ${name} was "${status}"`);
    if (Date.now() >= deadline) {
      throw new Error(
        `container failed to be in healthy state: ${name} is "${status}" after ${waitTimeout} s. ` +
          `See \`docker logs ${name}\` and \`docker inspect --format '{{json .State.Health}}' ${name}\`.`,
      );
    }
    if (status !== shown) progress(`waiting for ${name} to be healthy: ${(shown = status)}`);
    await sleep(HEALTH_POLL_MS, undefined, { signal }).catch(() => {});
  }
}
