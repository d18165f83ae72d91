import { constants, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A key pair of an issuer, by its id. */
export interface IssuerPair {
  readonly kid: string;
  readonly alg: 'RS256' | 'ES256' | 'EdDSA';
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function makePair(alg: IssuerPair['alg'], kid: string, modulusLength = 2_048): IssuerPair {
  if (alg === 'RS256') return { kid, alg, ...generateKeyPairSync('rsa', { modulusLength }) };
  if (alg === 'ES256') return { kid, alg, ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) };
  return { kid, alg, ...generateKeyPairSync('ed25519') };
}

/** The public half as a JWK set has it. */
export const jwkOf = ({ kid, alg, publicKey }: IssuerPair): Record<string, unknown> => ({
  ...publicKey.export({ format: 'jwk' }),
  ...{ kid, alg, use: 'sig' },
});

export const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signs any header and payload by the private key, whatever the header says. */
export function signToken(pair: IssuerPair, payload: unknown, header: Record<string, unknown> = {}): string {
  const signed = `${part({ typ: 'JWT', alg: pair.alg, kid: pair.kid, ...header })}.${part(payload)}`;
  const bytes = Buffer.from(signed);
  const signature =
    pair.alg === 'RS256'
      ? sign('sha256', bytes, { key: pair.privateKey, padding: constants.RSA_PKCS1_PADDING })
      : pair.alg === 'ES256'
        ? sign('sha256', bytes, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' })
        : sign(null, bytes, pair.privateKey);
  return `${signed}.${signature.toString('base64url')}`;
}

/** A token signed with a secret: what a confused verifier would take a public key for. */
export function signWithSecret(secret: string | Buffer, kid: string, payload: unknown): string {
  const signed = `${part({ typ: 'JWT', alg: 'HS256', kid })}.${part(payload)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** An issuer on loopback, as its own HTTP server. */
export interface IssuerUnderTest {
  readonly issuer: string;
  /** What the key set has; tests change it. */
  keys: unknown[];
  /** Answers in place of the two documents, by path; undefined: as an issuer answers. */
  instead: ((path: string, response: ServerResponse) => boolean) | undefined;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  close(): Promise<void>;
}

export async function startIssuer(pairs: readonly IssuerPair[]): Promise<IssuerUnderTest> {
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    issuer.asked.push(path);
    if (issuer.instead?.(path, response) === true) return;
    const documents: Record<string, unknown> = {
      '/.well-known/openid-configuration': { issuer: issuer.issuer, jwks_uri: `${issuer.issuer}/keys` },
      '/keys': { keys: issuer.keys },
    };
    const document = documents[path];
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer: IssuerUnderTest = {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys: pairs.map(jwkOf),
    instead: undefined,
    asked: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return issuer;
}
