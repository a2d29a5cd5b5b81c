import { createRequire } from "node:module";
import type * as pulumi from "@pulumi/pulumi";

/** A dynamic resource's own provider, made of its text as the engine keeps and runs it. */
export function providerOf(text: string): pulumi.dynamic.ResourceProvider {
  const module = { exports: {} as { handler(): pulumi.dynamic.ResourceProvider } };
  new Function("exports", "require", text)(module.exports, createRequire(`${process.cwd()}/package.json`));
  return module.exports.handler();
}
