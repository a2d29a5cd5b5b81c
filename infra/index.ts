import * as os from "node:os";
import * as pulumi from "@pulumi/pulumi";
import { UserError } from "../tools/errors";
import { ConfigurationError } from "./config/errors";
import { ClusterConfig, parseConfig } from "./config";
import { clampTo, GIB } from "./config/units";
import { demandDockerHost } from "./dockerHost";
import { createStack } from "./stack";

// The engine reads what is exported: the outputs of the stack
export = main();

function main() {
  try {
    const config = readConfig();
    if (config.target === "docker") demandDockerHost(process.env);
    return createStack(config);
  } catch (error) {
    if (error instanceof ConfigurationError) throw new pulumi.RunError(error.message);
    if (error instanceof UserError) throw new pulumi.RunError(`${error.message}\n${error.remedy}`);
    throw error;
  }
}

/** Reads `pgha:cluster` of the selected stack. A second look at the machine gives the same sizes: they are rounded. */
function readConfig(): ClusterConfig {
  const machine = { memory: clampTo(GIB, os.totalmem() + GIB / 2, GIB), cores: os.availableParallelism() };
  return parseConfig(new pulumi.Config("pgha").getObject("cluster"), pulumi.getStack(), machine);
}
