import type { Registered } from "../support/monitor";

/** What AWS takes of one property. */
export interface Limit {
  /** Characters. */
  most?: number;
  pattern?: RegExp;
  /** What AWS keeps for itself. */
  not?: RegExp;
  /** The provider makes it of the logical name and eight characters, where it is not given. */
  automatic?: true;
}

const DESCRIPTION: Limit = { most: 255, pattern: /^[A-Za-z0-9 ._\-:/()#,@[\]+=&;{}!$*]*$/ };
const IAM_NAME = /^[\w+=,.@-]+$/;
const POLICY = /^[\u0009\u000A\u000D\u0020-\u00FF]+$/;

/**
 * Patterns and lengths by type and property. Sources: botocore 1.43.11 (service-2.json of elbv2, ec2, iam, kms, ssm, route53),
 * cfn-lint 1.51.0 (schemas of the AWS::… types), terraform-provider-aws (bucket prefixes, inline policies), S3's bucket naming rules.
 */
export const limits: Record<string, Record<string, Limit>> = {
  "aws:lb/loadBalancer:LoadBalancer": { name: { most: 32, pattern: /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/, not: /^internal-/, automatic: true } },
  "aws:lb/targetGroup:TargetGroup": { name: { most: 32, pattern: /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/, automatic: true } },
  "aws:ec2/securityGroup:SecurityGroup": { name: { ...DESCRIPTION, not: /^sg-/, automatic: true }, description: DESCRIPTION },
  "aws:ec2/securityGroupRule:SecurityGroupRule": { description: DESCRIPTION },
  "aws:ec2/instance:Instance": { userData: { most: 16_384 } },
  "aws:iam/role:Role": {
    name: { most: 64, pattern: IAM_NAME, automatic: true },
    description: { most: 1000, pattern: /^[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*$/ },
    assumeRolePolicy: { most: 2048, pattern: POLICY },
  },
  "aws:iam/rolePolicy:RolePolicy": { name: { most: 128, pattern: IAM_NAME, automatic: true }, policy: { most: 10_240, pattern: POLICY } },
  "aws:iam/instanceProfile:InstanceProfile": { name: { most: 128, pattern: IAM_NAME, automatic: true } },
  "aws:kms/key:Key": { description: { most: 8192 } },
  "aws:kms/alias:Alias": { name: { most: 256, pattern: /^alias\/[a-zA-Z0-9/_-]+$/, not: /^alias\/aws\// } },
  "aws:route53/zone:Zone": { name: { most: 255, pattern: /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]+$/ }, comment: { most: 256 } },
  "aws:route53/record:Record": { name: { most: 255, pattern: /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]+$/ } },
  // The provider adds 26 digits to it; a name has 63
  "aws:s3/bucket:Bucket": { bucketPrefix: { most: 37, pattern: /^[a-z0-9][a-z0-9-]+$/, not: /^(xn--|sthree-|amzn-s3-demo-)/ } },
  "aws:s3/bucketObjectv2:BucketObjectv2": { key: { most: 1024, pattern: /^[A-Za-z0-9!_.*'()/-]+$/ } },
  "aws:ssm/parameter:Parameter": { name: { most: 1011, pattern: /^(\/[a-zA-Z0-9_.-]+){1,15}$/, not: /^\/?(aws|ssm)/i }, value: { most: 4096, not: /\{\{/ } },
};

/** What there may be once only: AWS, or the engine, refuses the second. */
export const unique: Record<string, (resource: Registered) => string[]> = {
  "two resources of one name": ({ type, name }) => [`${type} ${name}`],
  "InvalidPermission.Duplicate": ({ type, inputs }) =>
    type !== "aws:ec2/securityGroupRule:SecurityGroupRule"
      ? []
      : [inputs.sourceSecurityGroupId, ...(inputs.cidrBlocks ?? []), ...(inputs.prefixListIds ?? [])]
          .filter(Boolean)
          .map((end) => [inputs.type, inputs.securityGroupId, inputs.protocol, inputs.fromPort, inputs.toPort, end].join(" ")),
  "InvalidIPAddress.InUse": ({ type, inputs }) => (type === "aws:ec2/instance:Instance" ? [inputs.privateIp] : []),
  "InvalidSubnet.Conflict": ({ type, inputs }) => (type === "aws:ec2/subnet:Subnet" ? [inputs.cidrBlock] : []),
  "a parameter twice": ({ type, inputs }) => (type === "aws:ssm/parameter:Parameter" ? [inputs.name] : []),
  "a record twice": ({ type, inputs }) => (type === "aws:route53/record:Record" ? [inputs.name] : []),
  "a device twice": ({ type, inputs }) => (type === "aws:ec2/volumeAttachment:VolumeAttachment" ? [`${inputs.instanceId} ${inputs.deviceName}`] : []),
};

/** Everything about these resources that AWS would refuse. */
export function breaches(resources: Registered[]): string[] {
  const found = resources.flatMap((resource) => [...breachesOf(resource), ...tagBreaches(resource)]);
  for (const [what, keysOf] of Object.entries(unique)) {
    const keys = resources.flatMap(keysOf);
    found.push(...new Set(keys.filter((key, index) => keys.indexOf(key) < index).map((key) => `${what}: ${key}`)));
  }
  return found;
}

function breachesOf({ type, name, inputs }: Registered): string[] {
  return Object.entries(limits[type] ?? {}).flatMap(([property, { most, pattern, not, automatic }]) => {
    const given = inputs[property]?.value ?? inputs[property];
    const text = given ?? (automatic ? `${name}-0123456` : undefined);
    if (text === undefined) return [];
    const at = `${type} ${name}: ${property} "${String(text).slice(0, 80)}"`;
    return [
      ...(most !== undefined && Buffer.byteLength(text) > most ? [`${at} has ${Buffer.byteLength(text)} characters of ${most}`] : []),
      ...(pattern && !pattern.test(text) ? [`${at} is not ${pattern}`] : []),
      ...(not?.test(text) ? [`${at} is ${not}`] : []),
    ];
  });
}

/** Of 50 tags on a resource each key has 128 characters, each value 256. */
function tagBreaches({ name, inputs }: Registered): string[] {
  const tags = Object.entries<string>(inputs.tags ?? {});
  const wrong = tags.filter(([key, value]) => key.length > 128 || /^aws:/i.test(key) || value.length > 256 || !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(key + value));
  return [...wrong.map(([key, value]) => `${name}: tag ${key} "${value}"`), ...(tags.length > 50 ? [`${name}: ${tags.length} tags`] : [])];
}
