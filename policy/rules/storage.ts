import { Declared, forKinds, isNot, items, kindOf, objects, oneOf, Problem, Rule, StackRule } from "../rule";
import { statementsOf } from "./statements";

/** A rule that every bucket has a companion of a kind which says the right thing. */
function companion(kind: string, says: (companion: Declared) => boolean, problem: string): StackRule["problemsOfStack"] {
  return (resources) => {
    const companions = resources.filter((resource) => kindOf(resource) === kind && says(resource));
    return resources
      .filter((resource) => kindOf(resource) === "aws:Bucket" && !companions.some((one) => isOf(one, resource)))
      .map(({ name }): Problem => ({ resource: name, problem }));
  };
}

function isOf({ refers, props }: Declared, bucket: Declared): boolean {
  const named = typeof props.bucket === "string" && props.bucket === bucket.props.bucket;
  return named || (refers.bucket ?? []).includes(bucket.name);
}

/** Every one of the keys is what is wanted, or not known yet. */
const every = (keys: string[], wanted: unknown) => ({ props }: Declared) => keys.every((key) => !isNot(props[key], wanted));

export const storage: Rule[] = [
  {
    name: "volume-encrypted",
    reason: "a volume or a snapshot of it that leaves the account takes the database along",
    remedy: "set encrypted: true and kmsKeyId",
    problems: forKinds(["aws:Volume"], ({ encrypted }) => oneOf(isNot(encrypted, true), "is not encrypted")),
  },
  {
    name: "volume-kept",
    reason: "data must outlive the server it is on, and a mistake in a program",
    remedy: "set protect or retainOnDelete in the resource's options",
    programOnly: true,
    problems: forKinds(["aws:Volume", "docker:Volume"], (_props, { protect, retainOnDelete }) =>
      oneOf(!protect && !retainOnDelete, "would be deleted with the stack, or when it leaves the program")),
  },
  {
    name: "key-rotated",
    reason: "a key that never changes protects everything that it ever encrypted",
    remedy: "set enableKeyRotation: true",
    problems: forKinds(["aws:Key"], ({ enableKeyRotation, keyUsage, customerMasterKeySpec }) => {
      const symmetric = (keyUsage ?? "ENCRYPT_DECRYPT") === "ENCRYPT_DECRYPT" && (customerMasterKeySpec ?? "SYMMETRIC_DEFAULT") === "SYMMETRIC_DEFAULT";
      return oneOf(symmetric && isNot(enableKeyRotation, true), "is never rotated");
    }),
  },
  {
    name: "bucket-private",
    reason: "one wrong access list on an object makes a backup public",
    remedy: "give it a BucketPublicAccessBlock with all four settings true",
    problemsOfStack: companion(
      "aws:BucketPublicAccessBlock",
      every(["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"], true),
      "does not block public access",
    ),
  },
  {
    name: "bucket-no-public-acl",
    reason: "public-read means everybody",
    remedy: "leave acl out; owners are enforced by default",
    problems: forKinds(["aws:Bucket", "aws:BucketAcl", "aws:BucketObject", "aws:BucketObjectv2"], ({ acl }) =>
      oneOf(typeof acl === "string" && /^(public|authenticated)-/.test(acl), `has the access list ${String(acl)}`)),
  },
  {
    name: "bucket-encrypted",
    reason: "backups are the database once more; a key of the stack decides who can read them",
    remedy: 'give it a BucketServerSideEncryptionConfiguration with sseAlgorithm "aws:kms"',
    problemsOfStack: companion(
      "aws:BucketServerSideEncryptionConfiguration",
      ({ props }) => objects(props.rules).flatMap((rule) => objects(rule.applyServerSideEncryptionByDefault)).every(({ sseAlgorithm }) => !isNot(sseAlgorithm, "aws:kms") || sseAlgorithm === "aws:kms:dsse"),
      "is not encrypted by a key of yours",
    ),
  },
  {
    name: "bucket-versioned",
    reason: "an overwritten or deleted backup is gone without versions",
    remedy: "give it a BucketVersioning with status Enabled",
    problemsOfStack: companion(
      "aws:BucketVersioning",
      ({ props }) => objects(props.versioningConfiguration).every(({ status }) => !isNot(status, "Enabled")),
      "keeps no versions",
    ),
  },
  {
    name: "bucket-tls-only",
    reason: "S3 answers plain HTTP unless it is told not to",
    remedy: 'give it a BucketPolicy that denies where "aws:SecureTransport" is "false"',
    problemsOfStack: companion(
      "aws:BucketPolicy",
      ({ props }) => typeof props.policy === "symbol" || statementsOf(props.policy).some(deniesPlainHttp),
      "can be read over plain HTTP",
    ),
  },
];

function deniesPlainHttp({ effect, condition }: ReturnType<typeof statementsOf>[number]): boolean {
  const bool = objects(condition).flatMap((one) => objects(one.Bool));
  return effect === "Deny" && bool.some((one) => items(one["aws:SecureTransport"]).some((value) => String(value) === "false"));
}
