import { z } from "zod";
import { size } from "./size";

const cidr = z.string().regex(/^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/, "write an IPv4 network such as 10.20.0.0/16");
const id = (prefix: string) => z.string().regex(new RegExp(`^${prefix}-[0-9a-f]{8,17}$`), `use an id such as ${prefix}-0123456789abcdef0`);
const zone = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, "write a zone such as us-east-1a");

const volume = (use: string) =>
  z
    .strictObject({
      size: size.optional().describe(`size of the volume for ${use} (by aws.size)`),
      iops: z.int().min(3000).max(16_000).optional().describe("its operations a second (by aws.size)"),
      throughput: z.int().min(125).max(1000).optional().describe("its MiB a second (by aws.size)"),
    })
    .prefault({});

/** The object under `pgha:cluster.aws`; what it means together is judged in cluster/ec2/rules.ts. */
export const awsSchema = z.strictObject({
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "write a region such as us-east-1").describe("where the cluster runs"),
  zones: z.array(zone).min(1).max(6).optional().describe("availability zones, machines are dealt out to them in turn (a, b and c of the region)"),
  ami: id("ami").describe("image of the machines, Debian 13 or newer; pinned, another one replaces them one at a time"),
  architecture: z.enum(["arm64", "amd64"]).default("arm64").describe("processor of the image and the machines"),
  size: z.enum(["small", "medium", "large"]).default("medium").describe("machines and volumes for a budget; single keys below override it"),
  instances: z
    .strictObject({
      postgres: z.string().optional().describe("instance type of the Postgres machines (by aws.size)"),
      etcd: z.string().optional().describe("instance type of the etcd machines (by aws.size)"),
      edge: z.string().optional().describe("instance type of the HAProxy and PgBouncer machines (by aws.size)"),
    })
    .prefault({}),
  volumes: z.strictObject({ data: volume("data"), wal: volume("WAL") }).prefault({}),
  etcd: z.enum(["own", "with-postgres"]).default("own").describe("etcd on machines of its own, or on the Postgres machines"),
  network: z
    .strictObject({
      cidr: cidr.default("10.20.0.0/16").describe("addresses of the cluster's own VPC, /16 to /22"),
      nat: z.enum(["single", "per-zone", "none"]).optional().describe("way out for packages and AWS's own interfaces; none: by VPC endpoints alone (by aws.size)"),
      vpc: id("vpc").optional().describe("a VPC that is there already, with network.subnets; no network is made in it"),
      subnets: z
        .array(
          z.strictObject({
            id: id("subnet").describe("private subnet"),
            zone: zone.describe("its zone; one subnet for each of aws.zones"),
            cidr: cidr.describe("its addresses"),
          }),
        )
        .default([])
        .describe("subnets of network.vpc"),
      firstAddress: z.int().min(16).max(176).multipleOf(16).default(16).describe("first address in each subnet that the cluster takes, a multiple of 16; it takes 48 from there"),
      reserve: z.boolean().default(true).describe("have AWS give those addresses to nobody else; false where the subnets are another account's, which does not allow it"),
    })
    .prefault({}),
  access: z
    .strictObject({
      way: z.enum(["direct", "ssm"]).default("ssm").describe("how you reach the cluster: by VPN or peering, or by SSM port-forwards that are opened for the moment"),
      cidrs: z.array(cidr).default([]).describe("networks you come from, where direct"),
    })
    .prefault({}),
  clients: z
    .strictObject({
      cidrs: z.array(cidr).default([]).describe("networks whose clients may connect"),
      securityGroups: z.array(id("sg")).default([]).describe("security groups whose machines may connect"),
    })
    .prefault({}),
  packages: z
    .strictObject({
      source: z.enum(["pgdg", "debian", "baked"]).default("pgdg").describe("PostgreSQL's own repository on the image's Debian, that Debian alone (14 or newer), or an image that has everything"),
      proxy: z.url().optional().describe("HTTP proxy or cache by which the machines reach the repositories"),
    })
    .prefault({}),
  keepBackups: z.int().min(1).max(3650).default(35).describe("days that deleted or overwritten backups stay in the bucket"),
  terminationProtection: z.boolean().default(true).describe("AWS refuses to terminate the machines but for this program"),
});

export type AwsConfig = z.output<typeof awsSchema>;
