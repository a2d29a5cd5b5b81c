import "reflect-metadata";
import { webcrypto as crypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

export interface AuthorityInputs {
  /** Organizational unit of the subject. */
  unit: string;
  days: number;
}

export interface CertificateInputs extends AuthorityInputs {
  /** DNS names and IPv4 addresses the certificate answers to. */
  names: string[];
  /** By which pgBackRest knows a client. */
  commonName?: string;
  renewDays: number;
  authorityKey: string;
  authorityCertificate: string;
}

/** PEM texts; `notAfter` is an ISO 8601 time. */
export interface Issued {
  key: string;
  certificate: string;
  notAfter: string;
}

/** Issues an ECDSA P-256 certificate: a self-signed authority where none is given. */
export async function issueCertificate(inputs: AuthorityInputs & Partial<CertificateInputs>): Promise<Issued> {
  x509.cryptoProvider.set(crypto);
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const pem = (bytes: ArrayBuffer) => x509.PemConverter.encode(bytes, "PRIVATE KEY");

  const validity = { notBefore: new Date(Date.now() - 300_000), notAfter: new Date(Date.now() + inputs.days * 86_400_000) };
  const common = { ...validity, signingAlgorithm: algorithm };
  const { authorityKey, authorityCertificate, names = [] } = inputs;
  const usage = x509.KeyUsageFlags;

  let certificate;
  if (authorityKey && authorityCertificate) {
    const issuer = new x509.X509Certificate(authorityCertificate);
    const signingKey = await crypto.subtle.importKey("pkcs8", x509.PemConverter.decode(authorityKey)[0], algorithm, false, ["sign"]);
    const alternatives = names.map((value) => ({ type: /^\d+(\.\d+){3}$/.test(value) ? ("ip" as const) : ("dns" as const), value }));
    certificate = await x509.X509CertificateGenerator.create({
      ...common,
      // None where it is not asked for: etcd's gateway, which Patroni talks to, refuses client certificates that have a common name
      subject: `O=pgha, OU=${inputs.unit}${inputs.commonName ? `, CN=${inputs.commonName}` : ""}`,
      issuer: issuer.subject,
      publicKey: keys.publicKey,
      signingKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(usage.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]),
        ...(alternatives.length ? [new x509.SubjectAlternativeNameExtension(alternatives)] : []),
        await x509.AuthorityKeyIdentifierExtension.create(issuer, false, crypto),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
      ],
    });
  } else {
    certificate = await x509.X509CertificateGenerator.createSelfSigned({
      ...common,
      name: `O=pgha, OU=${inputs.unit}`,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(usage.keyCertSign | usage.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
      ],
    });
  }
  return {
    key: `${pem(await crypto.subtle.exportKey("pkcs8", keys.privateKey))}\n`,
    certificate: `${certificate.toString("pem")}\n`,
    notAfter: validity.notAfter.toISOString(),
  };
}
