import * as pulumi from "@pulumi/pulumi";
import { UserError } from "../tools/errors";
import { ConfigurationError } from "./config/errors";
import { type Machine, parseConfig } from "./config";
import { demandDockerHost } from "./dockerHost";
import { findMachine, findRenewed, thisMachine } from "./machine";
import { createStack } from "./stack";

// The engine reads what is exported: the outputs of the stack
export = main();

async function main() {
  try {
    const raw: unknown = new pulumi.Config("pgha").getObject("cluster");
    const machine = await machineFor(raw);
    return createStack({ ...parseConfig(raw, pulumi.getStack(), machine), renewed: await findRenewed() });
  } catch (error) {
    if (error instanceof ConfigurationError) throw new pulumi.RunError(error.message);
    if (error instanceof UserError) throw new pulumi.RunError(`${error.message}\n${error.remedy}`);
    throw error;
  }
}

/** What is wrong with the configuration is said first, whatever the machine. */
async function machineFor(raw: unknown): Promise<Machine> {
  const { target } = parseConfig(raw, pulumi.getStack(), thisMachine());
  if (target === "aws") return thisMachine();
  demandDockerHost(process.env);
  return findMachine();
}
