import { Declared, forKinds, items, kindOf, objects, oneOf, ResourceRule } from "../rule";
import { Statement, statementsOf } from "./statements";

/** What a role or user may do, in any of the ways to declare it. */
function permissions({ props, type }: Declared): Statement[] {
  const kind = kindOf({ type });
  if (["aws:Policy", "aws:RolePolicy", "aws:UserPolicy", "aws:GroupPolicy"].includes(kind) && type.startsWith("aws:iam/")) return statementsOf(props.policy);
  return kind === "aws:Role" ? objects(props.inlinePolicies).flatMap(({ policy }) => statementsOf(policy)) : [];
}

/** What the agent of Systems Manager may do in AWS's own policy for it, but read parameters. Source: AmazonSSMManagedInstanceCore. */
const agent =
  /^(ssmmessages:|ec2messages:|ssm:(UpdateInstanceInformation|ListAssociations|ListInstanceAssociations|DescribeAssociation|GetDocument|DescribeDocument|GetManifest|GetDeployablePatchSnapshotForInstance|UpdateAssociationStatus|UpdateInstanceAssociationStatus|PutInventory|PutComplianceItems|PutConfigurePackageResult)$)/;

/** Actions that know no resource: IAM takes "*" only. Source: Service Authorization Reference. */
const withoutResource = /^(ec2:Describe|cloudwatch:PutMetricData$|ecr:GetAuthorizationToken$|sts:GetCallerIdentity$|kms:GenerateRandom$)/;

const mayBeBroad = (action: string) => agent.test(action) || withoutResource.test(action);
const allowed = (resource: Declared) => permissions(resource).filter(({ effect }) => effect === "Allow");
const isServiceWide = (action: string) => action === "*" || /^[a-z0-9-]+:\*$/i.test(action);
const isConditional = ({ condition }: Statement) => objects(condition).length > 0;

export const access: ResourceRule[] = [
  {
    name: "no-wildcard-action",
    reason: "a role that may do everything turns any hole in a server into a lost account",
    remedy: "list the actions that the server needs, for example ssm:GetParameter",
    problems: (resource) =>
      allowed(resource).flatMap(({ actions, inverted }) => [
        ...actions.filter((action) => isServiceWide(action) && !mayBeBroad(action)).map((action) => `allows ${action}`),
        ...oneOf(inverted && actions.length === 0, "allows everything but some actions"),
      ]),
  },
  {
    name: "no-wildcard-resource",
    reason: "a server that may read every parameter or bucket reads the other clusters' too",
    remedy: "name the ARNs below the cluster's own prefix",
    problems: (resource) =>
      allowed(resource).flatMap((statement) => {
        const broad = statement.resources.some((one) => one === "*" || /^arn:[^:]*:s3:::\*/.test(one)) && !isConditional(statement);
        const actions = statement.actions.filter((action) => !mayBeBroad(action));
        return oneOf(broad && actions.length > 0, `allows ${actions.join(", ")} on every resource`);
      }),
  },
  {
    name: "no-wildcard-principal",
    reason: "everybody with an AWS account is a principal",
    remedy: "name the account or the role, or restrict it by a condition",
    problems: forKinds(["aws:BucketPolicy", "aws:Key", "aws:Role", "aws:TopicPolicy", "aws:QueuePolicy"], (props) =>
      [props.policy, props.assumeRolePolicy]
        .flatMap(statementsOf)
        .filter((statement) => statement.effect === "Allow" && statement.principals.includes("*") && !isConditional(statement))
        .map(() => "lets every AWS account in")),
  },
  {
    name: "no-administrator",
    reason: "managed policies of administrators hold far more than a database server needs",
    remedy: "write a policy of the few actions that are needed; of the managed ones AmazonSSMManagedInstanceCore is enough",
    problems: forKinds(["aws:Role", "aws:RolePolicyAttachment", "aws:PolicyAttachment", "aws:UserPolicyAttachment"], (props) =>
      [...items(props.managedPolicyArns), props.policyArn]
        .filter((arn): arn is string => typeof arn === "string" && /\/(AdministratorAccess|PowerUserAccess|IAMFullAccess|\w*FullAccess)$/.test(arn))
        .map((arn) => `holds ${arn.split("/").pop()}`)),
  },
  {
    name: "no-access-key",
    reason: "an access key never expires and is found in logs and histories",
    remedy: "use the instance's role",
    problems: forKinds(["aws:AccessKey", "aws:User"], () => ["is a long-lived credential, or who gets one"]),
  },
];
