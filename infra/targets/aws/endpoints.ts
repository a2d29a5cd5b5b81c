import * as ec2 from "@pulumi/aws/ec2";
import * as pulumi from "@pulumi/pulumi";
import type { Ec2Plan } from "../../cluster/ec2/spec";
import type { Network } from "./network";
import type { SecurityGroups } from "./securityGroups";
import { named } from "./site";

/** Of AWS Systems Manager: parameters, associations, sessions. */
const SERVICES = ["ssm", "ssmmessages", "ec2messages"];

/** AWS's interfaces inside the VPC, where there is no NAT. */
export class Endpoints extends pulumi.ComponentResource {
  constructor(cluster: string, { nat, config, subnets }: Ec2Plan, network: Network, groups: SecurityGroups, opts: pulumi.ComponentResourceOptions) {
    super("pgha:aws:Endpoints", `${cluster}-endpoints`, {}, opts);
    const needed = nat === "none" && !config.network.vpc;
    for (const service of needed ? SERVICES : []) {
      const name = `${cluster}-to-${service}`;
      new ec2.VpcEndpoint(
        name,
        {
          vpcId: network.vpcId,
          serviceName: `com.amazonaws.${config.region}.${service}`,
          vpcEndpointType: "Interface",
          privateDnsEnabled: true,
          subnetIds: subnets.map(({ zone }) => network.subnetIds[zone]),
          securityGroupIds: [groups.ids.endpoints],
          tags: named(name),
        },
        { parent: this, dependsOn: network.reserved },
      );
    }
    this.registerOutputs({});
  }
}
