import type { Diff, Properties, Resource } from "../resource";
import { checkInputs, isUnknown } from "../schema";
import type { Schema } from "../schema";

type Once = Pick<Resource, "plan" | "create"> & { validate?: (inputs: Properties) => string[] };

/** A value made once and kept in the state: any change of an argument makes a new one. */
export function once(schema: Schema, defaults: Properties, { plan, create, validate }: Once): Resource {
  return {
    plan,
    create,
    check(request) {
      const { inputs, failures } = checkInputs(schema, request);
      delete inputs.__defaults;
      if (failures.length === 0) failures.push(...(validate?.(inputs) ?? []));
      return { inputs, failures };
    },
    diff: ({ state, news }) => diffOnce(schema, { ...defaults, ...present(state) }, { ...defaults, ...news }),
    read: async (_id, state, inputs) => ({ state, inputs }),
    update: async (_id, state) => state,
    delete: async () => {},
  };
}

function diffOnce(schema: Schema, state: Properties, news: Properties): Diff {
  const changed = Object.keys(schema)
    .sort()
    .filter((key) => isUnknown(news[key]) || JSON.stringify(state[key]) !== JSON.stringify(news[key]));
  return { detailed: Object.fromEntries(changed.map((key) => [key, "UPDATE_REPLACE"])), deleteBeforeReplace: false };
}

const present = (state: Properties) => Object.fromEntries(Object.entries(state).filter(([, value]) => value !== null));
