import pulumi from "@pulumi/eslint-plugin";
import tseslint from "typescript-eslint";

/** Imports point one way: index → stack → targets, settings, database → render → cluster. */
const layer = (files, forbidden, message) => ({
  files,
  rules: { "no-restricted-imports": ["error", { patterns: forbidden.map((group) => ({ group: [group], message })) }] },
});

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
  { files: ["tools/**/*.ts", "ops/**/*.ts"], rules: { "@typescript-eslint/no-floating-promises": "error" } },
  // Loaded at run time: by the engine's own process, before packages exist, or only for the command that was asked for
  { files: ["**/*.js", "infra/resources/plugin.ts", "infra/resources/entries.ts", "test/unit/resources/entries.test.ts", "infra/targets/index.ts", "tools/engine/docker.ts", "tools/engine/pluginDownload.ts", "tools/engine/pulumi.ts", "tools/main.ts", "tools/providers/main.ts", "ops/cli.ts", "ops/commands/logs.ts", "ops/logs/store.ts"], rules: { "@typescript-eslint/no-require-imports": "off" } },
  // Wire formats of others, and what a test looks into
  {
    files: ["test/**/*.ts", "tools/providers/**/*.ts"],
    rules: { "@typescript-eslint/no-explicit-any": "off", "@typescript-eslint/no-empty-object-type": "off" },
  },
  { files: ["**/*.js", "**/*.mjs"], ...tseslint.configs.disableTypeChecked },
  layer(["infra/cluster/**/*.ts"], ["@pulumi/*", "**/render/*", "**/targets/*", "**/live/*"], "cluster is pure and imports nothing"),
  layer(["infra/render/**/*.ts"], ["@pulumi/*", "**/targets/*", "**/live/*"], "render is pure: cluster in, text out"),
  layer(["infra/targets/docker/**/*.ts"], ["../aws/*"], "targets do not know each other"),
  layer(["infra/targets/aws/**/*.ts"], ["../docker/*"], "targets do not know each other"),
  layer(["infra/live/**/*.ts"], ["**/render/*", "**/resources/*"], "live knows a running cluster and its plan only"),
  layer(["policy/rule*.ts", "policy/rules/*.ts", "policy/evaluate.ts"], ["@pulumi/*", "**/infra/targets/*", "**/infra/render/*"], "rules are pure: plain data in, problems out"),
  layer(["clients/**/*.ts"], ["**/infra/**", "**/ops/**", "@pulumi/*"], "clients are copied: they need their driver only"),
  layer(["ops/**/*.ts"], ["**/infra/targets/*", "@pulumi/*"], "ops reads outputs and what is live, never resources"),
);
