import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { fill } from "../../../infra/targets/fill";

const valueOf = (output: pulumi.Input<string>) => new Promise<string>((resolve) => pulumi.output(output).apply(resolve));

describe("a text of a service", () => {
  const values = { app: pulumi.secret("s3cret"), host: pulumi.output("db") };

  it("gets the values of its names, and is secret where one of them is", async () => {
    const filled = pulumi.output(fill("{{host}}:{{app}}", values));
    assert.equal(await valueOf(filled), "db:s3cret");
    assert.equal(await pulumi.isSecret(filled), true);
  });

  it("without names stays as it is", () => assert.equal(fill("https", values), "https"));
  it("with a name that nothing is known of is an error", () => assert.throws(() => fill("{{nobody}}", values), /\{\{nobody\}\}, which is no secret/));
});
