import * as iam from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";
import type { Role } from "../../cluster/ec2/spec";
import type { Bucket } from "./bucket";
import type { Site } from "./site";

export interface InstanceRoleArgs {
  site: Site;
  role: Role;
  /** Where the bundles are. */
  machines: Bucket;
  backups: Bucket;
}

/** What machines of one role may do at AWS: read what is theirs, and be managed. Not AWS's own policy for that, which lets them read every parameter. */
export class InstanceRole extends pulumi.ComponentResource {
  readonly profile: pulumi.Output<string>;
  readonly made: pulumi.Resource[];

  constructor({ site, role, machines, backups }: InstanceRoleArgs, opts: pulumi.ComponentResourceOptions) {
    const name = `${site.spec.name}-${role}`;
    super("pgha:aws:InstanceRole", `${name}-instance-role`, {}, opts);
    const iamRole = new iam.Role(`${name}-role`, { description: `pgha: machines of ${name}`, assumeRolePolicy: assumedByEc2() }, { parent: this });
    const policy = new iam.RolePolicy(
      `${name}-policy`,
      {
        role: iamRole.id,
        policy: pulumi.all([site.key, machines.arn, backups.arn]).apply(([key, bundles, stored]) => policyOf({ site, role, key, bundles, stored })),
      },
      { parent: this },
    );
    const profile = new iam.InstanceProfile(`${name}-profile`, { role: iamRole.name }, { parent: this });
    this.profile = profile.name;
    this.made = [policy, profile];
    this.registerOutputs({});
  }
}

function assumedByEc2(): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
  });
}

interface Access {
  site: Site;
  role: Role;
  key: string;
  /** ARNs of the buckets. */
  bundles: string;
  stored: string;
}

function policyOf({ site, role, key, bundles, stored }: Access): string {
  const { region } = site.plan.config;
  const parameters = `arn:aws:ssm:${region}:*:parameter/pgha/${site.spec.name}/${role}/*`;
  const allow = (Sid: string, Action: string[], Resource: string | string[], Condition?: object) => ({ Sid, Effect: "Allow", Action, Resource, ...(Condition ? { Condition } : {}) });
  const viaS3 = { StringEquals: { "kms:ViaService": `s3.${region}.amazonaws.com` } };
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      allow("OwnParameters", ["ssm:GetParameter", "ssm:GetParameters"], parameters),
      allow("DecryptOwnParameters", ["kms:Decrypt"], key, { StringLike: { "kms:EncryptionContext:PARAMETER_ARN": parameters } }),
      allow("OwnBundles", ["s3:GetObject"], `${bundles}/bundles/${role}/*`),
      allow("DecryptObjects", ["kms:Decrypt"], key, viaS3),
      ...(role === "postgres"
        ? [
            allow("ListBackups", ["s3:ListBucket"], stored),
            allow("Backups", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], `${stored}/*`),
            allow("EncryptBackups", ["kms:GenerateDataKey"], key, viaS3),
          ]
        : []),
      allow("BeManaged", MANAGED, "*"),
    ],
  });
}

/** What the agent of Systems Manager calls; none of it names a resource. Source: its service authorization reference. */
const MANAGED = [
  "ssm:UpdateInstanceInformation", "ssm:ListAssociations", "ssm:ListInstanceAssociations", "ssm:DescribeAssociation", "ssm:GetDocument", "ssm:DescribeDocument",
  "ssm:UpdateAssociationStatus", "ssm:UpdateInstanceAssociationStatus", "ssm:PutInventory", "ssm:PutComplianceItems",
  "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
  "ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage", "ec2messages:GetEndpoint", "ec2messages:GetMessages", "ec2messages:SendReply",
];
