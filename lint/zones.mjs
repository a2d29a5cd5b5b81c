import * as path from "node:path";

/**
 * The house: what a folder or file may import beside itself. Whoever is not named here may import anything (tests); of two
 * that fit the longer one counts. `pulumi`: knows the engine.
 */
export const zones = {
  "infra/config": { may: [] },
  "infra/cluster": { may: ["infra/config"] },
  "infra/render": { may: ["infra/cluster", "infra/config"] },
  "infra/services": { may: ["infra/render", "infra/cluster", "infra/config"] },
  "infra/plan": { may: ["infra/services", "infra/cluster", "infra/config"] },
  "infra/live": { may: ["infra/cluster", "infra/config"] },
  "infra/database": { may: ["infra/live"] },
  "infra/patroni": { may: ["infra/live"] },
  "infra/settings": { may: ["infra/live"] },
  "infra/secrets": { may: ["infra/cluster", "infra/config"], pulumi: true },
  "infra/policies": { may: ["policy", "infra/config"], pulumi: true },
  "infra/resources": { may: ["infra/live", "infra/services", "infra/render", "infra/cluster", "infra/config", "infra/secrets"], pulumi: true },
  "infra/targets": { may: ["infra/resources", "infra/live", "infra/services", "infra/render", "infra/cluster", "infra/config", "infra/secrets"], pulumi: true },
  "infra/targets/docker": { may: ["infra/targets/target", "infra/targets/fill", "infra/targets/fingerprint", "infra/resources", "infra/live/docker", "infra/services", "infra/render", "infra/cluster", "infra/config"], pulumi: true },
  "infra/targets/aws": { may: ["infra/targets/target", "infra/targets/fill", "infra/targets/fingerprint", "infra/resources", "infra/services", "infra/render", "infra/cluster", "infra/config"], pulumi: true },
  "infra/outputs": { may: ["infra/resources", "infra/render", "infra/cluster", "infra/config"], pulumi: true },
  "infra/stack": { may: ["infra"], pulumi: true },
  "infra/dockerHost": { may: ["tools/engine/dockerAddress", "tools/errors"] },
  "infra/index": { may: ["infra/stack", "infra/config", "infra/dockerHost", "infra/machine", "tools/errors"], pulumi: true },
  "infra/machine": { may: ["infra/config"], pulumi: true },
  policy: { may: ["infra/cluster"] },
  "policy/pack": { may: ["policy"], pulumi: true },
  clients: { may: [] },
  tools: { may: [], pulumi: true },
  ops: { may: ["infra/live", "infra/cluster/forecast", "tools", "clients"] },
};

const within = (file, zone) => file === zone || file.startsWith(`${zone}/`);

/** What is wrong with an import of `specifier` in `file` (from the repository's root, with slashes); undefined: nothing. */
export function breach(file, specifier) {
  const from = file.replace(/\.(ts|js|mjs)$/, "");
  const zone = Object.keys(zones).filter((one) => within(from, one)).sort((a, b) => b.length - a.length)[0];
  if (zone === undefined) return undefined;
  const { may, pulumi } = zones[zone];
  if (specifier.startsWith("@pulumi/")) return pulumi ? undefined : `${zone} does not know the engine`;
  if (!specifier.startsWith(".")) return undefined;
  const to = path.posix.join(path.posix.dirname(file), specifier);
  if ([zone, ...may].some((one) => within(to, one))) return undefined;
  return `${zone} may not import ${to} (lint/zones.mjs)`;
}

/** The rule for ESLint: imports, types included, and what is loaded at run time. */
export const zonesRule = {
  create(context) {
    const file = path.relative(context.cwd, context.filename).replaceAll(path.sep, "/");
    const look = (node) => {
      const message = typeof node?.value === "string" ? breach(file, node.value) : undefined;
      if (message) context.report({ node, message });
    };
    return {
      ImportDeclaration: ({ source }) => look(source),
      ExportAllDeclaration: ({ source }) => look(source),
      ExportNamedDeclaration: ({ source }) => look(source),
      ImportExpression: ({ source }) => look(source),
      TSImportType: ({ source, argument }) => look(source ?? argument?.literal),
      CallExpression: ({ callee, arguments: [first] }) => callee.name === "require" && look(first),
    };
  },
};
