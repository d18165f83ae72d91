import { z } from 'zod';
import { readCertificate } from '../../certificate.ts';
import { byCodeUnits } from '../../text.ts';
import { type Refusal, ruledText } from '../refusal.ts';
import { repeatedNames, ruledValue } from './rules.ts';
import type { SectionEffects } from './section.ts';

/** Characters of one certificate: of RSA with 16,384 bits and long names it has about 6,000. */
const longest = 16_384;
const begin = '-----BEGIN CERTIFICATE-----';
const remedy = `Give one certificate in PEM, from \`${begin}\` to its END line.`;

/** Judges a text: exactly one certificate in PEM, of an authority. */
function certificateRefusal(text: string): Refusal | undefined {
  const refuse = (reason: string): Refusal => ({ code: 'spec.invalid_value', reason, remedy });
  if (text.includes('PRIVATE KEY')) {
    return {
      code: 'spec.invalid_value',
      reason: 'the value holds a private key',
      remedy: `${remedy} Replace the private key: it has been sent.`,
    };
  }
  if (text.length > longest) {
    return { code: 'spec.too_large', reason: `the text is longer than ${longest} characters`, remedy };
  }
  if (text.split(begin).length > 2) return refuse('the value holds more than one certificate');
  if (!/^-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----\s*$/.test(text)) {
    return refuse('the value is not one certificate in PEM');
  }
  const certificate = readCertificate(text);
  if (certificate === undefined) return refuse('the certificate cannot be read');
  if (certificate.authority) return undefined;
  return {
    code: 'spec.invalid_value',
    reason: 'the certificate is not one of an authority: its basic constraints do not say CA:TRUE',
    remedy: 'Give the certificate of the authority that signed it.',
  };
}

/** A certificate as a file of the image. */
export interface CertificateFile {
  /** By the digest, so that it is the same wherever the certificate stands in the list. */
  readonly name: string;
  readonly content: string;
}

/** The files of certificates, by name. What is none is left out. */
export function certificateFiles(certificates: readonly string[]): CertificateFile[] {
  return certificates
    .flatMap((text) => {
      const certificate = readCertificate(text);
      return certificate === undefined
        ? []
        : { name: `lbuild-${certificate.sha256.slice(0, 12)}`, content: certificate.pem };
    })
    .sort((a, b) => byCodeUnits(a.name, b.name));
}

/** Certificates of authorities that the image trusts. */
export const certificatesSchema = ruledValue(
  z
    .array(ruledText(certificateRefusal, { maxLength: longest, pattern: `^${begin}` }).describe('Certificate in PEM.'))
    .max(32)
    .describe('Certificates of authorities that the image trusts, in PEM, one an entry.'),
  (certificates) =>
    repeatedNames(
      certificates.map((text) => certificateFiles([text])[0]?.name ?? text),
      (index) => [index],
      'Give each certificate once.',
    ),
);
export type Certificates = z.output<typeof certificatesSchema>;

/** Where ca-certificates looks for certificates of one's own: its manual names the folder and the ending. */
export function certificatePath(name: string): string {
  return `/usr/local/share/ca-certificates/${name}.crt`;
}

export function certificatesEffects(certificates: Certificates): SectionEffects {
  if (certificates.length === 0) return { packages: [], paths: [], enable: [], disable: [] };
  const paths = certificateFiles(certificates).map(({ name }) => certificatePath(name));
  return { packages: ['ca-certificates'], paths, enable: [], disable: [] };
}

/** Certificates in one form and one order: neither means anything. */
export function resolveCertificates(certificates: Certificates): string[] {
  return certificateFiles(certificates).map(({ content }) => content);
}
