/** Parameters and objects at moto, by AWS's own interfaces. What the machines do with them they do by the real AWS CLI. */
export class Aws {
  constructor(private readonly url: string) {}

  async ready(): Promise<void> {
    await this.send("s3", "GET", "/");
  }

  /** Overwrites what is there. */
  async putParameter(Name: string, Type: string, Value: string): Promise<void> {
    const body = JSON.stringify({ Name, Type, Value, Overwrite: true });
    await this.send("ssm", "POST", "/", body, { "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.PutParameter" });
  }

  async createBucket(name: string): Promise<void> {
    await this.send("s3", "PUT", `/${name}`);
  }

  async putObject(bucket: string, key: string, content: string): Promise<void> {
    await this.send("s3", "PUT", `/${bucket}/${key}`, content);
  }

  /** moto finds the service by the scope of the signature, and checks none. */
  private async send(service: string, method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<void> {
    const scope = `AWS4-HMAC-SHA256 Credential=box/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=none`;
    const answer = await fetch(this.url + path, { method, body, headers: { ...headers, Authorization: scope } });
    if (!answer.ok) throw new Error(`moto answered ${method} ${service}${path} with ${answer.status}: ${await answer.text()}`);
  }
}
