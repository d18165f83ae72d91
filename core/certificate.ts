import { X509Certificate } from 'node:crypto';
import { type Sha256, sha256 } from './digest.ts';

/** An X.509 certificate, as far as it is asked about. */
export interface Certificate {
  /** The certificate in PEM, as OpenSSL writes it: lines of 64 characters, a line end after the last. */
  readonly pem: string;
  /** Digest of its DER form, by which certificates are known. */
  readonly sha256: Sha256;
  /** Whether its basic constraints make it a certificate authority's (RFC 5280 4.2.1.9). */
  readonly authority: boolean;
}

/** Reads one certificate in PEM; undefined where the text is none. Nothing of it is verified, and no clock is asked. */
export function readCertificate(pem: string): Certificate | undefined {
  try {
    const read = new X509Certificate(pem);
    return { pem: read.toString(), sha256: sha256(read.raw), authority: read.ca };
  } catch {
    return undefined;
  }
}
