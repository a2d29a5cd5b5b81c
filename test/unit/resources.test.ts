import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";
import { configurations } from "./support/configurations";
import { declareStack, isSecret, Registered } from "./support/monitor";
import { prodConfiguration } from "./support/prod";

/** UPDATE_GOLDEN=1 writes them anew; read the difference before you commit it. */
const GOLDEN = path.join(__dirname, "../golden");
const cases: Record<string, [raw: unknown, stack: string]> = {
  default: [configurations.default, "dev"],
  large: [configurations.large, "dev"],
  prod: [prodConfiguration({ ami: "ami-0123456789abcdef0" }), "prod"],
};

/** What a person would want to see of a value: files have goldens of their own, hashes follow from the rest, passwords are the mock's. */
function shown(key: string, value: any): unknown {
  if (key === "__provider") return "<code>";
  if (isSecret(value)) return { "<secret>": value.value };
  if (key === "platform") return "<platform>";
  if (typeof value !== "string") return value;
  const hashed = value.replace(/\b([0-9a-f]{64}|[0-9a-f]{16})\b/g, "<hash>");
  return hashed.length > 200 || hashed.includes("\n") ? "<text>" : hashed;
}

function entry({ type, name, parent, dependencies, inputs, ...options }: Registered) {
  const set = Object.entries(options).filter(([, value]) => (Array.isArray(value) ? value.length : value));
  const plain = JSON.parse(JSON.stringify(inputs, shown));
  return { [`${type} ${name}`]: { parent, dependencies: [...dependencies].sort(), ...Object.fromEntries(set), inputs: plain } };
}

describe("every registered resource, with its parent, dependencies, options and inputs", function () {
  this.timeout(60_000);
  for (const [name, [raw, stack]] of Object.entries(cases))
    it(`of ${name} is as recorded`, async () => {
      const { resources } = await withoutProxies(() => declareStack(raw, stack));
      const entries = Object.assign({}, ...resources.map(entry));
      assert.equal(Object.keys(entries).length, resources.length);
      const text = stringify(entries, { lineWidth: 0, sortMapEntries: true, aliasDuplicateObjects: false });
      const golden = path.join(GOLDEN, name, "resources.yml");
      if (process.env.UPDATE_GOLDEN) fs.writeFileSync(golden, text);
      assert.equal(text, fs.readFileSync(golden, "utf8"));
    });
});

/** Image builds get those of the environment. */
async function withoutProxies<T>(work: () => Promise<T>): Promise<T> {
  const given = Object.entries(process.env).filter(([name]) => /^(https?|no)_proxy$/i.test(name));
  for (const [name] of given) delete process.env[name];
  try {
    return await work();
  } finally {
    Object.assign(process.env, Object.fromEntries(given));
  }
}
