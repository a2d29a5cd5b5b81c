import * as route53 from "@pulumi/aws/route53";
import * as pulumi from "@pulumi/pulumi";
import type { Balancer } from "./balancer";
import type { Network } from "./network";
import type { Site } from "./site";

/** Names for clients in the VPC: db.<cluster>.internal, and each machine's. The machines themselves ask nobody. */
export class Names extends pulumi.ComponentResource {
  constructor({ spec, plan }: Site, network: Network, balancer: Balancer, opts: pulumi.ComponentResourceOptions) {
    super("pgha:aws:Names", `${spec.name}-names`, {}, opts);
    const zone = new route53.Zone(`${spec.name}-zone`, { name: plan.domain, comment: `pgha: ${spec.name}`, vpcs: [{ vpcId: network.vpcId }] }, { parent: this });
    new route53.Record(
      `${spec.name}-db-name`,
      { zoneId: zone.id, name: plan.balancer, type: "A", aliases: [{ name: balancer.dnsName, zoneId: balancer.zoneId, evaluateTargetHealth: false }] },
      { parent: this },
    );
    for (const { name, host, address } of plan.nodes)
      new route53.Record(`${host}-name`, { zoneId: zone.id, name: `${name}.${plan.domain}`, type: "A", ttl: 300, records: [address] }, { parent: this });
    this.registerOutputs({});
  }
}
