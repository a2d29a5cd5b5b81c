import * as ssm from "@pulumi/aws/ssm";
import * as pulumi from "@pulumi/pulumi";
import type { Ec2Node } from "../../cluster/ec2/spec";
import { parameterName, secretFiles } from "./bundle";
import type { SecretFile } from "./parts";
import { fingerprint } from "../fingerprint";
import type { Site } from "./site";

export type Values = Record<string, pulumi.Input<string>>;

/** Some secrets as parameters of AWS Systems Manager, encrypted by the cluster's key. Each becomes a file on the machines that may read it. */
export class Parameters extends pulumi.ComponentResource {
  readonly made: ssm.Parameter[];
  /** Another value, another hash; no secret can be read from it. */
  readonly hash: pulumi.Output<string>;

  /** `values` by the parameters' last names; `own` chooses those of the machine alone, or those of all machines of its role. */
  constructor(name: string, site: Site, node: Ec2Node, own: boolean, values: Values, opts: pulumi.ComponentResourceOptions) {
    super("pgha:aws:Parameters", name, {}, opts);
    const files = secretFiles(site.spec, node).filter((file) => Boolean(file.own) === own);
    this.made = files.map((file) => this.parameter(site, node, file, values));
    this.hash = pulumi.unsecret(pulumi.all(files.map((file) => values[file.name])).apply(fingerprint));
    this.registerOutputs({});
  }

  private parameter(site: Site, node: Ec2Node, file: SecretFile, values: Values): ssm.Parameter {
    const { cluster, path } = { cluster: site.spec.name, path: parameterName(site.spec, node, file) };
    if (values[file.name] === undefined) throw new Error(`the parameter ${path} has no value`);
    const name = path.replace("/pgha/", "").replace(`${cluster}/`, `${cluster}-`).replaceAll("/", "-");
    return new ssm.Parameter(`${name}-parameter`, { name: path, type: "SecureString", keyId: site.key, value: pulumi.secret(values[file.name]) }, { parent: this });
  }
}
