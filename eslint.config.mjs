import pulumi from "@pulumi/eslint-plugin";
import tseslint from "typescript-eslint";
import { zonesRule } from "./lint/zones.mjs";

export default tseslint.config(
  { ignores: ["node_modules", ".pgha", "test/golden"] },
  ...tseslint.configs.recommended,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { "@pulumi": pulumi },
    rules: {
      eqeqeq: ["error", "always"],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrorsIgnorePattern: "^_" }],
    },
  },
  { files: ["infra/**/*.ts"], rules: { "@pulumi/no-output-in-template-literal": "error", "@typescript-eslint/no-floating-promises": "error" } },
  { files: ["tools/**/*.ts", "ops/**/*.ts", "test/**/*.ts", "bench/**/*.ts", "clients/**/*.ts", "policy/**/*.ts"], rules: { "@typescript-eslint/no-floating-promises": "error" } },
  // Loaded at run time: by the engine's own process, before packages exist, or only for the command that was asked for
  { files: ["**/*.js", "infra/resources/plugin.ts", "infra/resources/entries.ts", "test/unit/resources/entries.test.ts", "infra/targets/index.ts", "tools/engine/docker.ts", "tools/engine/pluginDownload.ts", "tools/engine/pulumi.ts", "tools/main.ts", "tools/providers/main.ts", "ops/cli.ts", "ops/commands/logs.ts", "ops/logs/store.ts", "test/unit/zones.test.ts"], rules: { "@typescript-eslint/no-require-imports": "off" } },
  // Wire formats of others, and what a test looks into
  {
    files: ["test/**/*.ts", "tools/providers/**/*.ts"],
    rules: { "@typescript-eslint/no-explicit-any": "off", "@typescript-eslint/no-empty-object-type": "off" },
  },
  { files: ["**/*.js", "**/*.mjs"], ...tseslint.configs.disableTypeChecked },
  // Imports point one way
  { files: ["**/*.ts", "**/*.js"], plugins: { house: { rules: { zones: zonesRule } } }, rules: { "house/zones": "error" } },
);
