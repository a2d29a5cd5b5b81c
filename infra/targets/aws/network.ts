import * as ec2 from "@pulumi/aws/ec2";
import * as pulumi from "@pulumi/pulumi";
import type { Ec2Plan, Ec2Subnet } from "../../cluster/ec2/spec";
import { named } from "./site";

/** A VPC of the cluster's own: private subnets, NAT where it is wanted, a way to S3 that leaves nobody's network. Or one that is there. */
export class Network extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Input<string>;
  /** By zone. */
  readonly subnetIds: Record<string, pulumi.Input<string>>;
  /** Of S3's addresses, in an own VPC without NAT. */
  readonly s3Prefixes?: pulumi.Output<string>;
  /** Before anything else gets an address in the subnets. */
  readonly reserved: pulumi.Resource[];
  /** Route tables of the private subnets. */
  private readonly tables: ec2.RouteTable[] = [];

  constructor(private readonly cluster: string, private readonly plan: Ec2Plan, opts: pulumi.ComponentResourceOptions) {
    super("pgha:aws:Network", `${cluster}-network`, {}, opts);
    const { vpc, cidr } = plan.config.network;
    if (vpc) {
      this.vpcId = vpc;
      this.subnetIds = Object.fromEntries(plan.subnets.map(({ zone, id }) => [zone, id!]));
    } else {
      const made = this.vpc(cidr);
      this.vpcId = made.id;
      this.subnetIds = this.privateSubnets(made);
      this.gateways(made);
      this.s3Prefixes = this.wayToS3(made);
    }
    this.reserved = this.reserve();
    this.registerOutputs({});
  }

  /** An address is free while its machine is replaced: without this a load balancer or an endpoint could get it. */
  private reserve(): ec2.SubnetCidrReservation[] {
    return this.plan.reserved.map(
      ({ zone, role, cidr }) =>
        new ec2.SubnetCidrReservation(
          `${this.cluster}-${role}-addresses-${zone}`,
          { subnetId: this.subnetIds[zone], cidrBlock: cidr, reservationType: "explicit", description: `pgha: ${role} of ${this.cluster}` },
          { parent: this },
        ),
    );
  }

  private vpc(cidrBlock: string): ec2.Vpc {
    const name = `${this.cluster}-vpc`;
    const vpc = new ec2.Vpc(name, { cidrBlock, enableDnsHostnames: true, enableDnsSupport: true, tags: named(name) }, { parent: this });
    // Taken over to be emptied: nothing uses it by accident
    new ec2.DefaultSecurityGroup(`${this.cluster}-default-group`, { vpcId: vpc.id, tags: named(`${this.cluster}-unused`) }, { parent: this });
    return vpc;
  }

  private privateSubnets(vpc: ec2.Vpc): Record<string, pulumi.Output<string>> {
    return Object.fromEntries(
      this.plan.subnets.map(({ zone, cidr }) => {
        const name = `${this.cluster}-private-${zone}`;
        const subnet = new ec2.Subnet(name, { vpcId: vpc.id, availabilityZone: zone, cidrBlock: cidr, mapPublicIpOnLaunch: false, tags: named(name) }, { parent: this });
        const table = new ec2.RouteTable(`${name}-routes`, { vpcId: vpc.id, tags: named(name) }, { parent: this });
        new ec2.RouteTableAssociation(`${name}-routes`, { subnetId: subnet.id, routeTableId: table.id }, { parent: this });
        this.tables.push(table);
        return [zone, subnet.id];
      }),
    );
  }

  /** One gateway for all zones, or one for each: without it no machine can be made or replaced, but those there run on. */
  private gateways(vpc: ec2.Vpc): void {
    const { nat, publicSubnets } = this.plan;
    if (nat === "none") return;
    const internet = new ec2.InternetGateway(`${this.cluster}-internet`, { vpcId: vpc.id, tags: named(`${this.cluster}-internet`) }, { parent: this });
    const table = new ec2.RouteTable(`${this.cluster}-public-routes`, { vpcId: vpc.id, tags: named(`${this.cluster}-public`) }, { parent: this });
    new ec2.Route(`${this.cluster}-public-route`, { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", gatewayId: internet.id }, { parent: this });
    const gateways = publicSubnets.slice(0, nat === "single" ? 1 : undefined).map((subnet) => this.gateway(vpc, subnet, table, internet));
    this.tables.forEach((privateTable, index) => {
      const { zone } = this.plan.subnets[index];
      const natGatewayId = gateways[index % gateways.length].id;
      new ec2.Route(`${this.cluster}-out-${zone}`, { routeTableId: privateTable.id, destinationCidrBlock: "0.0.0.0/0", natGatewayId }, { parent: this });
    });
  }

  private gateway(vpc: ec2.Vpc, { zone, cidr }: Ec2Subnet, table: ec2.RouteTable, internet: ec2.InternetGateway): ec2.NatGateway {
    const name = `${this.cluster}-public-${zone}`;
    const subnet = new ec2.Subnet(name, { vpcId: vpc.id, availabilityZone: zone, cidrBlock: cidr, mapPublicIpOnLaunch: false, tags: named(name) }, { parent: this });
    new ec2.RouteTableAssociation(`${name}-routes`, { subnetId: subnet.id, routeTableId: table.id }, { parent: this });
    const address = new ec2.Eip(`${this.cluster}-nat-${zone}`, { domain: "vpc", tags: named(`${this.cluster}-nat-${zone}`) }, { parent: this, dependsOn: internet });
    return new ec2.NatGateway(`${this.cluster}-nat-${zone}`, { subnetId: subnet.id, allocationId: address.id, tags: named(`${this.cluster}-nat-${zone}`) }, { parent: this, dependsOn: internet });
  }

  /** Bundles and backups do not pass the NAT gateway, whose traffic costs. */
  private wayToS3(vpc: ec2.Vpc): pulumi.Output<string> {
    const name = `${this.cluster}-to-s3`;
    return new ec2.VpcEndpoint(
      name,
      { vpcId: vpc.id, serviceName: `com.amazonaws.${this.plan.config.region}.s3`, vpcEndpointType: "Gateway", routeTableIds: this.tables.map(({ id }) => id), tags: named(name) },
      { parent: this },
    ).prefixListId;
  }
}
