import { randomBytes } from "node:crypto";
import { UNKNOWN } from "../resource";
import { once } from "./once";

export const randomId = once(
  {
    byteLength: {
      kind: "number",
      required: true,
      validate: (bytes: number) => (bytes >= 1 ? undefined : "must be 1 or more"),
    },
    keepers: { kind: "map" },
    prefix: { kind: "string" },
  },
  {},
  {
    plan: (inputs) => ({ ...inputs, id: UNKNOWN, b64Std: UNKNOWN, b64Url: UNKNOWN, dec: UNKNOWN, hex: UNKNOWN }),

    async create(inputs) {
      const bytes = randomBytes(inputs.byteLength as number);
      const hex = bytes.toString("hex");
      const id = bytes.toString("base64url");
      const prefix = (inputs.prefix as string | undefined) ?? "";
      const forms = { b64Std: bytes.toString("base64"), b64Url: id, dec: BigInt(`0x${hex}`).toString(), hex };
      const prefixed = Object.fromEntries(Object.entries(forms).map(([form, value]) => [form, prefix + value]));
      return { id, state: { ...inputs, ...prefixed, id } };
    },
  },
);
