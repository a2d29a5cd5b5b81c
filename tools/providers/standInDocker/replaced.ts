import { diffState } from "../diff";
import { UNKNOWN } from "../resource";
import type { Resource } from "../resource";
import { checkInputs, planState } from "../schema";
import type { Schema } from "../schema";

/** A type every change of which replaces the object: there is nothing to update. */
export function replaced(schema: Schema): Pick<Resource, "check" | "diff" | "plan" | "update"> {
  return {
    check: (request) => checkInputs(schema, request),
    diff: ({ state, news }) => diffState(schema, state, news),
    plan: (inputs) => planState(schema, inputs, UNKNOWN),
    update: async (_id, state) => state,
  };
}
