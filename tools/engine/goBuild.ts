import * as fs from "node:fs";
import * as path from "node:path";
import { UserError } from "../errors";
import { Step } from "../log";
import { capture, lastLines } from "../process";
import { findProgram, searchFolders } from "./cli";
import { Layout, makeFolder, repository } from "./layout";
import { goAuthorities } from "./network";
import { pulumiVersion } from "./release";

const modules = {
  pulumi: {
    folder: "cli",
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    version: pulumiVersion,
    takes: "about 3 minutes",
  },
  "pulumi-language-nodejs": {
    folder: "language-host",
    package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    version: "3.68.0",
    takes: "half a minute",
  },
} as const;
export type Program = keyof typeof modules;

/** The folder of Go, also where Go's own archive puts it, or undefined. */
export function findGo(env: NodeJS.ProcessEnv, layout: Layout, further = ["/usr/local/go/bin"]): string | undefined {
  return findProgram("go", [...searchFolders(env, layout), ...further]);
}

/** Builds one program from its pinned module; what is half built has another name. */
export async function goBuild(
  go: string,
  program: Program,
  env: NodeJS.ProcessEnv,
  layout: Layout,
  step: Step,
): Promise<void> {
  const { folder, package: name, version, takes } = modules[program];
  makeFolder(layout);
  fs.mkdirSync(layout.bin, { recursive: true });
  step.making(`${program} ${version}: building it with Go (${takes}, once)`);
  const target = path.join(layout.bin, program);
  const flags = `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${version}`;
  const reproducible = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", flags];
  const { code, stderr } = await capture(
    path.join(go, "go"),
    ["build", "-v", ...reproducible, "-o", `${target}.partial`, name],
    {
      cwd: path.join(repository, "tools", "engine", "go", folder),
      env: { ...goAuthorities(env, layout), CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "" },
      timeout: 30 * 60_000,
      onLine: (line) => step.progress(line.trim()),
    },
  );
  if (code !== 0) {
    throw new UserError(
      `${program} ${version} could not be built with Go: ${lastLines(stderr, 3)}`,
      "install Pulumi (https://www.pulumi.com/docs/install), or mend Go's way to its module proxy (go env GOPROXY)",
    );
  }
  fs.renameSync(`${target}.partial`, target);
}
