import * as lb from "@pulumi/aws/lb";
import * as pulumi from "@pulumi/pulumi";
import type { Network } from "./network";
import type { SecurityGroups } from "./securityGroups";
import { named, shortName, Site } from "./site";
import { clientPorts } from "./traffic";

/** AWS takes 32 characters, of which the provider adds 8. */
const NAME = 24;

/** One internal address for clients that know no URL of several hosts. It notices a dead machine after 20 s, they after 5 s at most. */
export class Balancer extends pulumi.ComponentResource {
  readonly dnsName: pulumi.Output<string>;
  readonly zoneId: pulumi.Output<string>;

  constructor({ spec, plan }: Site, network: Network, groups: SecurityGroups, opts: pulumi.ComponentResourceOptions) {
    const name = `${spec.name}-balancer`;
    super("pgha:aws:Balancer", name, {}, opts);
    const balancer = new lb.LoadBalancer(
      shortName(spec.name, "balancer", NAME),
      {
        internal: true,
        loadBalancerType: "network",
        subnets: plan.subnets.map(({ zone }) => network.subnetIds[zone]),
        securityGroups: [groups.ids.balancer],
        enableCrossZoneLoadBalancing: true,
        enableDeletionProtection: plan.config.terminationProtection,
        tags: named(name),
      },
      { parent: this, dependsOn: network.reserved },
    );
    for (const { service, port } of clientPorts) {
      const page = service.ports.find(({ from }) => from.some(({ who }) => who === "balancer"));
      const group = new lb.TargetGroup(
        shortName(spec.name, `targets-${port}`, NAME),
        {
          vpcId: network.vpcId,
          port,
          protocol: "TCP",
          targetType: "ip",
          deregistrationDelay: 30,
          connectionTermination: true,
          healthCheck:
            // By the page that the load balancer may ask; else by a connection
            page
              ? { protocol: "HTTPS", port: String(page.number), path: "/health", matcher: "200", interval: 10, healthyThreshold: 2, unhealthyThreshold: 2 }
              : { protocol: "TCP", interval: 10, healthyThreshold: 2, unhealthyThreshold: 2 },
          tags: named(`${name}-${port}`),
        },
        { parent: this },
      );
      for (const { host, address } of service.servers(spec))
        new lb.TargetGroupAttachment(`${name}-${port}-${host}`, { targetGroupArn: group.arn, targetId: address, port }, { parent: this });
      new lb.Listener(
        `${name}-${port}`,
        { loadBalancerArn: balancer.arn, port, protocol: "TCP", defaultActions: [{ type: "forward", targetGroupArn: group.arn }] },
        { parent: this },
      );
    }
    this.dnsName = balancer.dnsName;
    this.zoneId = balancer.zoneId;
    this.registerOutputs({});
  }
}
