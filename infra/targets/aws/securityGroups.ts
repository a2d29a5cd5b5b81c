import * as ec2 from "@pulumi/aws/ec2";
import * as pulumi from "@pulumi/pulumi";
import { Ec2Plan, Role, rolesOf } from "../../cluster/ec2/spec";
import type { Network } from "./network";
import { named } from "./site";
import { clientPorts, Flow, flowsOf, Group, operatorPorts } from "./traffic";

/** One group for each kind of machine; they name each other, and nothing else comes in. */
export class SecurityGroups extends pulumi.ComponentResource {
  readonly ids: Record<Group, pulumi.Output<string>>;

  constructor(private readonly cluster: string, private readonly plan: Ec2Plan, private readonly network: Network, opts: pulumi.ComponentResourceOptions) {
    super("pgha:aws:SecurityGroups", `${cluster}-security-groups`, {}, opts);
    const flows = flowsOf(plan);
    const groups = [...new Set(flows.flatMap(({ from, to }) => [from, to]))];
    this.ids = Object.fromEntries(groups.map((group) => [group, this.group(group)])) as Record<Group, pulumi.Output<string>>;
    for (const flow of flows) this.allow(flow);
    this.clients();
    this.operators();
    for (const role of rolesOf(plan)) this.wayOut(role);
    this.registerOutputs({});
  }

  private group(group: Group): pulumi.Output<string> {
    const name = `${this.cluster}-${group}`;
    const description = group === "clients" ? "Carried by machines that may connect to the cluster" : `pgha: ${group} of ${this.cluster}`;
    return new ec2.SecurityGroup(`${name}-group`, { vpcId: this.network.vpcId, description, revokeRulesOnDelete: true, tags: named(name) }, { parent: this }).id;
  }

  /** Both sides say so: what may come in here, and what may go out there. */
  private allow({ from, to, port, why }: Flow): void {
    const rule = { protocol: "tcp", fromPort: port, toPort: port, description: why };
    const name = `${this.cluster}-${from}-to-${to}-${port}`;
    new ec2.SecurityGroupRule(name, { ...rule, type: "ingress", securityGroupId: this.ids[to], sourceSecurityGroupId: this.ids[from] }, { parent: this });
    new ec2.SecurityGroupRule(`${name}-out`, { ...rule, type: "egress", securityGroupId: this.ids[from], sourceSecurityGroupId: this.ids[to] }, { parent: this });
  }

  private clients(): void {
    const { cidrs, securityGroups } = this.plan.config.clients;
    for (const to of ["edge", "balancer"] as const)
      for (const { port } of clientPorts) {
        const rule = { type: "ingress", protocol: "tcp", fromPort: port, toPort: port, description: "clients", securityGroupId: this.ids[to] };
        const name = `${this.cluster}-clients-${to}-${port}`;
        if (cidrs.length) new ec2.SecurityGroupRule(`${name}-networks`, { ...rule, cidrBlocks: [...new Set(cidrs)] }, { parent: this });
        for (const sourceSecurityGroupId of new Set(securityGroups))
          new ec2.SecurityGroupRule(`${name}-${sourceSecurityGroupId}`, { ...rule, sourceSecurityGroupId }, { parent: this });
      }
  }

  private operators(): void {
    const { access, clients } = this.plan.config;
    if (access.way !== "direct") return;
    for (const { to, port } of operatorPorts(this.plan)) {
      // AWS refuses the same rule twice: where clients come from the same network, theirs is there already
      const known = to === "edge" && clientPorts.some((one) => one.port === port) ? clients.cidrs : [];
      const cidrs = [...new Set(access.cidrs)].filter((cidr) => !known.includes(cidr));
      if (!cidrs.length) continue;
      const rule = { type: "ingress", protocol: "tcp", fromPort: port, toPort: port, description: "operators", securityGroupId: this.ids[to], cidrBlocks: cidrs };
      new ec2.SecurityGroupRule(`${this.cluster}-operators-${to}-${port}`, rule, { parent: this });
    }
  }

  /** To package repositories and AWS's own interfaces, and nowhere else; without NAT to the VPC's endpoints alone. */
  private wayOut(role: Role): void {
    const { nat, config } = this.plan;
    const out = (port: number, to: Partial<ec2.SecurityGroupRuleArgs>, name: string) =>
      new ec2.SecurityGroupRule(
        `${this.cluster}-${role}-${name}`,
        { type: "egress", protocol: "tcp", fromPort: port, toPort: port, description: name, securityGroupId: this.ids[role], ...to },
        { parent: this },
      );
    if (nat === "none" && this.network.s3Prefixes) {
      out(443, { prefixListIds: [this.network.s3Prefixes] }, "to-s3");
    } else {
      out(443, { cidrBlocks: ["0.0.0.0/0"] }, "to-aws-and-packages");
      if (config.packages.source !== "baked") out(80, { cidrBlocks: ["0.0.0.0/0"] }, "to-packages");
    }
    if (config.packages.proxy) out(portOf(config.packages.proxy), { cidrBlocks: this.plan.subnets.map(({ cidr }) => cidr) }, "to-package-proxy");
  }
}

function portOf(proxy: string): number {
  const { port, protocol } = new URL(proxy);
  return Number(port) || (protocol === "https:" ? 443 : 80);
}
