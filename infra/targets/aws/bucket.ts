import * as s3 from "@pulumi/aws/s3";
import * as pulumi from "@pulumi/pulumi";
import { shortName, Site } from "./site";

/** S3 takes 63 characters, of which the provider adds 26. */
const PREFIX = 37;

export interface BucketArgs {
  site: Site;
  use: "machines" | "backups";
  /** Days that an object stays after it was deleted or overwritten. */
  keepOldDays: number;
}

/** A bucket that nobody outside the account can open: versions kept, encrypted by the cluster's key, reached over TLS alone. */
export class Bucket extends pulumi.ComponentResource {
  readonly id: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  /** The bucket with everything that makes it safe. */
  readonly made: pulumi.Resource[];

  constructor({ site, use, keepOldDays }: BucketArgs, opts: pulumi.ComponentResourceOptions) {
    const name = `${site.spec.name}-${use}`;
    super("pgha:aws:Bucket", `${name}-bucket`, {}, opts);
    const bucket = new s3.Bucket(name, { bucketPrefix: `${shortName(site.spec.name, use, PREFIX - 1)}-`, forceDestroy: false }, { parent: this, protect: true, retainOnDelete: true });
    this.id = bucket.id;
    this.arn = bucket.arn;
    const of = { parent: this };
    const closed = new s3.BucketPublicAccessBlock(
      `${name}-closed`,
      { bucket: bucket.id, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
      of,
    );
    const encrypted = new s3.BucketServerSideEncryptionConfiguration(
      `${name}-encrypted`,
      { bucket: bucket.id, rules: [{ bucketKeyEnabled: true, applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: site.key } }] },
      of,
    );
    const versioned = new s3.BucketVersioning(`${name}-versioned`, { bucket: bucket.id, versioningConfiguration: { status: "Enabled" } }, of);
    new s3.BucketLifecycleConfiguration(
      `${name}-lifecycle`,
      {
        bucket: bucket.id,
        rules: [
          {
            id: "old-versions",
            status: "Enabled",
            filter: {},
            noncurrentVersionExpiration: { noncurrentDays: keepOldDays },
            abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
          },
        ],
      },
      { parent: this, dependsOn: versioned },
    );
    const overTls = new s3.BucketPolicy(`${name}-tls`, { bucket: bucket.id, policy: bucket.arn.apply(tlsOnly) }, { parent: this, dependsOn: closed });
    this.made = [bucket, closed, encrypted, versioned, overTls];
    this.registerOutputs({});
  }
}

function tlsOnly(arn: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Sid: "TlsOnly", Effect: "Deny", Principal: "*", Action: "s3:*", Resource: [arn, `${arn}/*`], Condition: { Bool: { "aws:SecureTransport": "false" } } },
    ],
  });
}
