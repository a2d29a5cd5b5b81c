import { Readable } from "node:stream";
import { DeleteObjectCommand, GetObjectCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { UserError } from "../../tools/errors";
import type { Store } from "./stored";

/** Bytes: S3 takes 10,000 parts, hence 160 GB; four of them are on their way at once. */
const PART = 2 ** 24;

/** A bucket of S3 or of a compatible store. Credentials come from where AWS's own tools take them: environment, profile, instance role. */
export class S3Store implements Store {
  private readonly client: S3Client;
  private readonly bucket: string;
  private readonly prefix: string;

  /** place: s3://bucket/prefix. */
  constructor(readonly place: string, { endpoint, region }: { endpoint?: string; region?: string }) {
    const [, bucket, prefix] = /^s3:\/\/([^/]+)\/(.+)$/.exec(place)!;
    this.bucket = bucket;
    this.prefix = `${prefix}/`;
    // Few stores but AWS's know a bucket by a host name of its own, and not all of them its newer checksums (aws-sdk-js-v3 #6810)
    const compatible = {
      forcePathStyle: true,
      region: region ?? process.env.AWS_REGION ?? "us-east-1",
      ...(!process.env.AWS_REQUEST_CHECKSUM_CALCULATION && { requestChecksumCalculation: "WHEN_REQUIRED" as const }),
      ...(!process.env.AWS_RESPONSE_CHECKSUM_VALIDATION && { responseChecksumValidation: "WHEN_REQUIRED" as const }),
    };
    this.client = new S3Client({ endpoint, ...(region && { region }), ...(endpoint && compatible) });
  }

  /** In parts; a bucket shows an object once its last part is there. An upload that is cut off leaves parts that the bucket's lifecycle removes. */
  async put(name: string, content: Readable): Promise<void> {
    await this.ask(new Upload({ client: this.client, partSize: PART, params: { ...this.object(name), Body: content } }).done());
  }

  async get(name: string): Promise<Readable> {
    const { Body } = await this.ask(this.client.send(new GetObjectCommand(this.object(name))));
    return Body as Readable;
  }

  async list(): Promise<string[]> {
    const names: string[] = [];
    const pages = paginateListObjectsV2({ client: this.client }, { Bucket: this.bucket, Prefix: this.prefix });
    await this.ask((async () => {
      for await (const { Contents = [] } of pages) names.push(...Contents.map(({ Key }) => Key!.slice(this.prefix.length)));
    })());
    return names.sort();
  }

  async remove(name: string): Promise<void> {
    await this.ask(this.client.send(new DeleteObjectCommand(this.object(name))));
  }

  private object(name: string) {
    return { Bucket: this.bucket, Key: this.prefix + name };
  }

  private async ask<T>(answer: Promise<T>): Promise<T> {
    return answer.catch((error: Error) => {
      const remedy = /Credential|AccessDenied|InvalidAccessKeyId|Signature/.test(error.name)
        ? "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give the machine a role that may read and write there"
        : "see pgha:cluster.logs.archive, endpoint and region";
      throw new UserError(`${this.place}: ${error.name}: ${error.message}`, remedy);
    });
  }
}
