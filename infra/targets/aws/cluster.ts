import * as aws from "@pulumi/aws/provider";
import * as kms from "@pulumi/aws/kms";
import * as ssm from "@pulumi/aws/ssm";
import * as pulumi from "@pulumi/pulumi";
import { Ec2Node, Ec2Plan, Role, ROLES } from "../../cluster/ec2/spec";
import { ConfigurationError } from "../../config/errors";
import type { Endpoints } from "../../cluster/endpoints";
import { ControlInputs, controlOf } from "../../resources/control";
import { allServices, endpointsOf } from "../../services";
import { fill, valuesOf } from "../fill";
import type { ClusterArgs, Target } from "../target";
import { Balancer } from "./balancer";
import { Bucket } from "./bucket";
import { Endpoints as VpcEndpoints } from "./endpoints";
import { Machine } from "./machine";
import { Names } from "./names";
import { Network } from "./network";
import { Parameters } from "./parameters";
import { placeOf } from "./places";
import { InstanceRole } from "./role";
import { SecurityGroups } from "./securityGroups";
import { Site } from "./site";

/** Days that old bundles stay, to look at. */
const KEEP_BUNDLES = 90;

/** A cluster on EC2: machines in several zones, each at an address and with volumes that outlive it. */
export class AwsCluster extends pulumi.ComponentResource implements Target {
  readonly endpoints: Endpoints;
  readonly control: ControlInputs;
  readonly reach: Target["reach"];
  readonly servers: pulumi.Output<string>[];
  readonly started: pulumi.Resource[];

  private readonly site: Site;
  private readonly network: Network;
  private readonly groups: SecurityGroups;
  /** AWS's interfaces, which a machine's first boot needs. */
  private readonly services: VpcEndpoints;
  private readonly roles: Record<Role, { role: InstanceRole; shared: Parameters }>;
  private readonly machines: Bucket;

  constructor(private readonly args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { spec } = args;
    const plan = spec.ec2!;
    refusePlaceholder(plan);
    super("pgha:aws:Cluster", spec.name, {}, { ...opts, providers: [providerOf(spec.name, plan)] });
    const of = { parent: this };
    this.site = { spec, plan, key: this.key() };
    this.network = new Network(spec.name, plan, of);
    this.groups = new SecurityGroups(spec.name, plan, this.network, of);
    this.services = new VpcEndpoints(spec.name, plan, this.network, this.groups, of);
    this.machines = new Bucket({ site: this.site, use: "machines", keepOldDays: KEEP_BUNDLES }, of);
    const backups = new Bucket({ site: this.site, use: "backups", keepOldDays: plan.config.keepBackups }, of);
    this.roles = this.rolesOf(backups);
    const balancer = new Balancer(this.site, this.network, this.groups, of);
    new Names(this.site, this.network, balancer, of);

    this.endpoints = { ...endpointsOf(spec, ({ address }) => address), balancer: plan.balancer };

    // The edge before the rest: by it the others are reached, and its poolers hold the writers back while a primary moves
    const made: Partial<Record<Role, Machine[]>> = {};
    const machines = (role: Role): Machine[] => (made[role] ??= this.inTurn(role, placeOf(plan, role).after.flatMap((other) => machines(other).slice(-1))));
    const edges = machines("edge");
    this.reach = plan.config.access.way === "ssm" ? { region: plan.config.region, instances: edges.map(({ instance }) => instance.id) } : undefined;
    this.control = { ...controlOf({ ...args, endpoints: this.endpoints }), reach: this.reach };
    ROLES.forEach(machines);
    this.servers = machines("postgres").map(({ instance }) => instance.id);
    this.started = ROLES.filter((role) => placeOf(plan, role).last).flatMap(machines).map(({ rollout }) => rollout);
    this.registerOutputs({});
  }

  private key(): pulumi.Output<string> {
    const name = `${this.args.spec.name}-key`;
    const key = new kms.Key(
      name,
      { description: `pgha: ${this.args.spec.name}`, enableKeyRotation: true, deletionWindowInDays: 30 },
      { parent: this, protect: true, retainOnDelete: true },
    );
    new kms.Alias(name, { name: `alias/${this.args.spec.name}`, targetKeyId: key.id }, { parent: this });
    return key.arn;
  }

  private rolesOf(backups: Bucket): Record<Role, { role: InstanceRole; shared: Parameters }> {
    const roles = [...new Set(this.site.plan.nodes.map(({ role }) => role))];
    const made = roles.map((role) => {
      const name = `${this.args.spec.name}-${role}`;
      const node = this.site.plan.nodes.find((one) => one.role === role)!;
      const shared = new Parameters(`${name}-parameters`, this.site, node, false, this.sharedValues(), { parent: this });
      const bucket = new ssm.Parameter(`${name}-bucket-name`, { name: `/pgha/${this.args.spec.name}/${role}/bucket`, type: "String", value: this.machines.id }, { parent: this });
      shared.made.push(bucket);
      return [role, { role: new InstanceRole({ site: this.site, role, machines: this.machines, backups }, { parent: this }), shared }];
    });
    return Object.fromEntries(made);
  }

  /** Contents of the files of secrets, by name. */
  private sharedValues(): Record<string, pulumi.Input<string>> {
    const values = valuesOf(this.args.secrets);
    const ofServices = allServices.flatMap(({ secrets, environment }) => [
      ...(environment ? [[environment.file, variables(environment.variables)]] : []),
      ...secrets(this.args.spec).filter(({ own }) => !own).map(({ name, text }) => [name, text]),
    ]);
    return { "ca.crt": this.args.authority.certificate, ...Object.fromEntries(ofServices.map(([name, text]) => [name, fill(text, values)])) };
  }

  /** Machines of one role: the first one once `first` are as their bundles say, every further one once the one before it is. */
  private inTurn(role: Role, first: Machine[]): Machine[] {
    const made: Machine[] = [];
    for (const node of this.site.plan.nodes.filter((one) => one.role === role))
      made.push(this.machine(node, (made.length ? made.slice(-1) : first).map(({ rollout }) => rollout)));
    return made;
  }

  private machine(node: Ec2Node, after: pulumi.Resource[]): Machine {
    const { role, shared } = this.roles[node.role];
    return new Machine(
      {
        site: this.site,
        node,
        subnetId: this.network.subnetIds[node.zone],
        securityGroupId: this.groups.ids[node.role],
        role,
        bucket: this.machines,
        authority: this.args.authority,
        shared,
        control: this.control,
      },
      [this.network, this.groups, this.services, ...after],
      { parent: this },
    );
  }
}

const variables = (of: Record<string, string>) => Object.entries(of).map(([name, text]) => `${name}=${text}`).join("\n");

/** Pulumi.prod.yaml comes with one, so that it can be previewed as it is. */
function refusePlaceholder({ config: { ami, region, architecture } }: Ec2Plan): void {
  if (pulumi.runtime.isDryRun() || !/^ami-0+$/.test(ami)) return;
  const image = `/aws/service/debian/release/13/latest/${architecture}`;
  const remedy = `name one, such as the newest official: aws ssm get-parameter --region ${region} --name ${image} --query Parameter.Value --output text`;
  throw new ConfigurationError([{ key: "pgha:cluster.aws.ami", problem: `${ami} is a placeholder, not an image`, remedy }]);
}

function providerOf(cluster: string, { config }: Ec2Plan): aws.Provider {
  return new aws.Provider(`${cluster}-aws`, { region: config.region as aws.ProviderArgs["region"], defaultTags: { tags: { "pgha:cluster": cluster } } });
}
