import * as pulumi from "@pulumi/pulumi";
import type { AuthorityInputs, CertificateInputs, Issued } from "../live/issue";
import { load } from "./plugin";

/** Days a server's certificate is valid, and how many before its end the next `up` renews it. */
const SERVER_DAYS = 398;
const RENEW_DAYS = 60;
const AUTHORITY_DAYS = 3650;

async function issue(inputs: AuthorityInputs): Promise<Issued> {
  return load().certificates().issueCertificate(inputs);
}

const authorityProvider: pulumi.dynamic.ResourceProvider = {
  // An authority is never made anew by itself: everything it signed would be lost with it
  diff: async () => ({ changes: false }),
  create: async (inputs: AuthorityInputs) => ({ id: inputs.unit, outs: await issue(inputs) }),
};

const certificateProvider: pulumi.dynamic.ResourceProvider = {
  diff: async (_id, olds, news: CertificateInputs) => {
    const ending = Date.parse(olds.notAfter) - Date.now() < news.renewDays * 86_400_000;
    const changed =
      String(olds.names) !== String(news.names) || olds.unit !== news.unit || olds.authorityCertificate !== news.authorityCertificate;
    return { changes: ending || changed };
  },
  create: async (inputs: CertificateInputs) => ({ id: inputs.unit, outs: { ...inputs, ...(await issue(inputs)) } }),
  update: async (_id, _olds, news: CertificateInputs) => ({ outs: { ...news, ...(await issue(news)) } }),
};

/** The authority of one cluster. Its key signs every certificate and stays in the state, encrypted and protected. */
export class CertificateAuthority extends pulumi.dynamic.Resource {
  declare readonly key: pulumi.Output<string>;
  declare readonly certificate: pulumi.Output<string>;

  constructor(name: string, unit: string, opts?: pulumi.CustomResourceOptions) {
    const inputs = { unit, days: AUTHORITY_DAYS, key: undefined, certificate: undefined, notAfter: undefined };
    super(authorityProvider, name, inputs, { ...opts, protect: true, additionalSecretOutputs: ["key"] }, "pgha", "CertificateAuthority");
  }
}

export interface CertificateArgs {
  authority: CertificateAuthority;
  /** Organizational unit of the subject: whose it is. */
  unit: string;
  /** DNS names and IPv4 addresses it answers to; none for a client. */
  names: string[];
  /** Of the subject, for programs that know a client by it. */
  commonName?: string;
}

/** A key and its certificate, for a server that is a client of others, too; issued anew when its names change or less than 60 days are left. */
export class Certificate extends pulumi.dynamic.Resource {
  declare readonly key: pulumi.Output<string>;
  declare readonly certificate: pulumi.Output<string>;

  constructor(name: string, args: CertificateArgs, opts?: pulumi.CustomResourceOptions) {
    const { authority, unit, names, commonName } = args;
    const inputs = {
      unit,
      names,
      ...(commonName && { commonName }),
      days: SERVER_DAYS,
      renewDays: RENEW_DAYS,
      authorityKey: authority.key,
      authorityCertificate: authority.certificate,
      key: undefined,
      certificate: undefined,
      notAfter: undefined,
    };
    super(certificateProvider, name, inputs, { ...opts, additionalSecretOutputs: ["key", "authorityKey"] }, "pgha", "Certificate");
  }
}
