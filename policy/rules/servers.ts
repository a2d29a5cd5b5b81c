import { forKinds, isNot, items, objects, oneOf, ResourceRule, SECRET } from "../rule";

const servers = ["aws:Instance", "aws:LaunchTemplate"];

/** What a secret looks like where it is written out. */
const patterns: [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "a private key"],
  [/\b(AKIA|ASIA)[A-Z0-9]{16}\b/, "an AWS access key"],
  [/\w+:\/\/[^\s:/@]+:[^\s:/@$<{*]+@/, "a URL with a password"],
  [/(^|[\s"'])\w*(password|passwd|passphrase|secret|token|secret_access_key)\s*[=:]\s*["']?(?!\$|\{|<|\/|file:|true|false|null|none|yes|no|scram|["'\s]|$)[^\s"']{6,}/im, "a password"],
];

/** Kinds of secret that a text gives away; what a cloud-config encodes is looked into as well. */
export function secretsIn(text: unknown): string[] {
  if (text === SECRET) return ["a secret of the program"];
  if (typeof text !== "string") return [];
  const encoded = text.match(/[A-Za-z0-9+/]{40,}={0,2}/g) ?? [];
  const texts = [text, ...encoded.map((part) => Buffer.from(part, "base64").toString("utf8"))];
  return patterns.filter(([pattern]) => texts.some((one) => pattern.test(one))).map(([, what]) => what);
}

export const serverRules: ResourceRule[] = [
  {
    name: "imdsv2-required",
    reason: "version 1 of the metadata service hands a server's credentials to any request forged through it",
    remedy: 'set metadataOptions: { httpTokens: "required", httpEndpoint: "enabled" }',
    problems: forKinds(servers, ({ metadataOptions }) => {
      const [options = {}] = objects(metadataOptions);
      const required = typeof metadataOptions === "symbol" || options.httpEndpoint === "disabled" || !isNot(options.httpTokens, "required");
      return oneOf(!required, "answers version 1 of the metadata service");
    }),
  },
  {
    name: "no-secret-in-user-data",
    reason: "whoever may describe an instance, and every program on it, reads its user data",
    remedy: "put it into an SSM SecureString parameter that the instance's role reads",
    problems: forKinds(servers, ({ userData, userDataBase64 }) =>
      [userData, userDataBase64].flatMap(secretsIn).map((what) => `its user data holds ${what}`)),
  },
  {
    name: "instance-has-role",
    reason: "without a role of its own a server needs credentials written into it",
    remedy: "set iamInstanceProfile to a role with only what this server reads",
    problems: forKinds(["aws:Instance"], ({ iamInstanceProfile }) => oneOf(iamInstanceProfile === undefined, "has no role")),
  },
  {
    name: "instance-disks-encrypted",
    reason: "a disk that leaves its account or its data centre takes what it holds along",
    remedy: "set encrypted: true on rootBlockDevice and on every block device",
    problems: forKinds(servers, (props, { type }) => {
      const template = type.endsWith(":LaunchTemplate");
      const devices = template
        ? objects(props.blockDeviceMappings).flatMap(({ ebs }) => objects(ebs))
        : [...(props.rootBlockDevice === undefined ? [{}] : objects(props.rootBlockDevice)), ...objects(props.ebsBlockDevices)];
      return devices.filter(({ encrypted }) => isNot(encrypted, true) && encrypted !== "true").map(() => "has a disk that is not encrypted");
    }),
  },
  {
    name: "parameter-secure",
    reason: "a String parameter is readable in clear by everybody who may list parameters",
    remedy: "set type: SecureString with the stack's KMS key",
    problems: forKinds(["aws:Parameter"], ({ type, name, value, insecureValue }, resource) => {
      if (type === "SecureString" || typeof type === "symbol") return [];
      const named = /password|passwd|secret|token|private|\.key$|-key$|\/key$/i.test(`${typeof name === "string" ? name : ""} ${resource.name}`);
      // The SDK marks every parameter's value as secret: that alone says nothing
      const what = named ? ["what its name calls a secret"] : [...(value === SECRET ? [] : items(value)), ...items(insecureValue)].flatMap(secretsIn);
      return what.map((one) => `keeps ${one} in clear`);
    }),
  },
];
