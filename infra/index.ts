import * as pulumi from "@pulumi/pulumi";
import { ConfigurationError } from "./config/errors";
import { readConfig } from "./config";
import { createStack } from "./stack";

// The engine reads what is exported: the outputs of the stack
export = main();

function main() {
  try {
    return createStack(readConfig());
  } catch (error) {
    if (error instanceof ConfigurationError) throw new pulumi.RunError(error.message);
    throw error;
  }
}
