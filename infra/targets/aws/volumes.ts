import * as ebs from "@pulumi/aws/ebs";
import * as pulumi from "@pulumi/pulumi";
import type { Ec2Node, Ec2Volume } from "../../cluster/ec2/spec";
import { named, Site } from "./site";

export interface Attachable extends Ec2Volume {
  volume: ebs.Volume;
  /** AWS wants a name; the machine goes by the volume's id. */
  device: string;
}

/** The volumes of one machine. They outlive it, its place in the program, and `pulumi destroy`. */
export class Volumes extends pulumi.ComponentResource {
  readonly all: Attachable[];
  /** A line for each: "data vol-0123". */
  readonly list: pulumi.Output<string>;

  constructor(site: Site, { host, zone, volumes }: Ec2Node, opts: pulumi.ComponentResourceOptions) {
    super("pgha:aws:Volumes", `${host}-volumes`, {}, opts);
    this.all = volumes.map((planned, index) => {
      const name = `${host}-${planned.name}`;
      const { gib, iops, throughput } = planned;
      const volume = new ebs.Volume(
        name,
        { availabilityZone: zone, size: gib, type: "gp3", iops, throughput, encrypted: true, kmsKeyId: site.key, tags: { ...named(name), "pgha:cluster": site.spec.name } },
        { parent: this, protect: true, retainOnDelete: true },
      );
      return { ...planned, volume, device: `/dev/sd${"fgh"[index]}` };
    });
    this.list = pulumi.all(this.all.map(({ volume }) => volume.id)).apply((ids) => this.all.map(({ name }, index) => `${name} ${ids[index]}`).join("\n"));
    this.registerOutputs({});
  }
}
