import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTrustedFetch } from '../../adapters/network/trusted-fetch.ts';
import { createTokenVerifier } from '../../adapters/oidc/token-verifier.ts';
import type { TokenVerifier } from '../../core/ports/token-verifier.ts';
import { ManualClock } from '../contract/blobs/manual-clock.ts';
import {
  type IssuerUnderTest,
  jwkOf,
  makePair,
  part,
  signToken,
  signWithSecret,
  startIssuer,
} from '../support/oidc-issuer.ts';

const start = new Date('2026-11-26T12:00:00Z');
const now = start.getTime() / 1_000;
const rsa = makePair('RS256', 'rsa');
const ec = makePair('ES256', 'ec');
const ed = makePair('EdDSA', 'ed');
const pairs = [rsa, ec, ed];
const audience = 'lbuild';

let issuer: IssuerUnderTest;
let clock: ManualClock;
let verifier: TokenVerifier;
let logged: string[];
beforeAll(async () => {
  issuer = await startIssuer(pairs);
});
afterAll(() => issuer.close());
beforeEach(() => {
  clock = new ManualClock(start);
  logged = [];
  issuer.instead = undefined;
  issuer.keys = pairs.map(jwkOf);
  issuer.asked.length = 0;
  verifier = createTokenVerifier(
    { issuer: issuer.issuer, audience },
    {
      fetch: createTrustedFetch(),
      clock,
      log: (_message, facts) => void logged.push(String(facts.reason)),
    },
  );
});

const claims = (more: Record<string, unknown> = {}) => ({
  ...{ iss: issuer.issuer, sub: 'ada', aud: audience, exp: now + 300, iat: now },
  ...more,
});
const documents = ['/.well-known/openid-configuration', '/keys'];

describe('tokens of the issuer', () => {
  it.each(pairs.map((pair) => [pair.alg, pair] as const))('are taken that are signed by %s', async (_alg, pair) => {
    expect(await verifier.verify(signToken(pair, claims({ tenant: 'ten_1' })))).toMatchObject({
      subject: 'ada',
      claims: { tenant: 'ten_1' },
    });
    expect(issuer.asked).toEqual(documents);
  });

  it.each([
    ['of one audience in a list', { aud: ['other', audience] }],
    ['within a minute after their end', { exp: now - 59 }],
    ['within a minute before their begin', { nbf: now + 59, iat: now + 59 }],
    ['without an instant at which they were made', { iat: undefined }],
  ])('are taken %s', async (_name, more) => {
    expect(await verifier.verify(signToken(rsa, claims(more)))).toBeDefined();
  });

  it('are taken of the type of access tokens', async () => {
    expect(await verifier.verify(signToken(ed, claims(), { typ: 'at+jwt' }))).toBeDefined();
  });

  it.each([
    ['another issuer', { iss: 'https://evil.example' }],
    ['an issuer with a slash more', { iss: 'ISSUER/' }],
    ['another audience', { aud: 'other' }],
    ['an audience that only begins so', { aud: `${audience}-admin` }],
    ['no audience', { aud: undefined }],
    ['an empty list of audiences', { aud: [] }],
    ['an end more than a minute ago', { exp: now - 60 }],
    ['no end', { exp: undefined }],
    ['an end that is text', { exp: String(now + 300) }],
    ['an end that is no number', { exp: null }],
    ['a begin to come', { nbf: now + 61 }],
    ['a making to come', { iat: now + 61 }],
    ['no subject', { sub: undefined }],
    ['an empty subject', { sub: '' }],
    ['a subject with a line break', { sub: 'ada\nroot' }],
    ['a subject that is too long', { sub: 'a'.repeat(256) }],
  ])('are refused with %s, and nobody is asked for it', async (_name, more) => {
    const given = Object.fromEntries(
      Object.entries(more).map(([name, value]) => [name, value === 'ISSUER/' ? `${issuer.issuer}/` : value]),
    );
    expect(await verifier.verify(signToken(rsa, claims(given)))).toBeUndefined();
    expect(issuer.asked).toEqual([]);
  });
});

describe('forged tokens are refused', () => {
  const pem = (pair: typeof rsa) => pair.publicKey.export({ type: 'spki', format: 'pem' });
  const der = (pair: typeof rsa) => pair.publicKey.export({ type: 'spki', format: 'der' });
  const stranger = makePair('RS256', 'rsa');
  const swapped = (token: string, payload: unknown) =>
    token
      .split('.')
      .map((text, index) => (index === 1 ? part(payload) : text))
      .join('.');
  const forgeries: readonly (readonly [string, () => string])[] = [
    ['with no signature', () => `${part({ alg: 'none', kid: 'rsa' })}.${part(claims())}.`],
    ['with none, written otherwise', () => `${part({ alg: 'NoNe', kid: 'rsa' })}.${part(claims())}.`],
    ['with RS256 and an empty signature', () => `${part({ alg: 'RS256', kid: 'rsa' })}.${part(claims())}.`],
    ['with a public key in PEM as secret', () => signWithSecret(pem(rsa), 'rsa', claims())],
    ['with a public key in DER as secret', () => signWithSecret(der(rsa), 'rsa', claims())],
    ['with the modulus as secret', () => signWithSecret(String(jwkOf(rsa).n), 'rsa', claims())],
    ['with the algorithm of another key', () => signToken(ec, claims(), { kid: 'rsa' })],
    ['with the name of another algorithm', () => signToken(rsa, claims(), { alg: 'ES256' })],
    ['with an algorithm that is not taken', () => signToken(rsa, claims(), { alg: 'RS512' })],
    ['by a stranger under a known id', () => signToken(stranger, claims())],
    ['by a stranger who brings the key', () => signToken(stranger, claims(), { kid: 'mine', jwk: jwkOf(stranger) })],
    ['by a stranger who names an address', () => signToken(stranger, claims(), { jku: `${issuer.issuer}/keys` })],
    ['with an id that nobody knows', () => signToken(rsa, claims(), { kid: 'unknown' })],
    ['with an id of the prototype', () => signToken(rsa, claims(), { kid: '__proto__' })],
    ['without an id', () => signToken(rsa, claims(), { kid: undefined })],
    ['with something critical', () => signToken(rsa, claims(), { crit: ['exp'] })],
    ['of another type', () => signToken(rsa, claims(), { typ: 'logout+jwt' })],
    ['with another payload', () => swapped(signToken(rsa, claims()), claims({ sub: 'root' }))],
    ['in four parts', () => `${signToken(rsa, claims())}.x`],
    ['in two parts', () => signToken(rsa, claims()).split('.').slice(0, 2).join('.')],
    ['with padding', () => `${signToken(rsa, claims())}==`],
    ['with a payload that is a list', () => signToken(rsa, [claims()])],
    ['with too much in them', () => signToken(rsa, claims({ more: 'x'.repeat(8_192) }))],
    ['that are empty', () => ''],
  ];

  it.each(forgeries)('%s', async (_name, forge) => {
    expect(await verifier.verify(forge())).toBeUndefined();
  });

  it('with any character changed', async () => {
    const tokens = pairs.map((pair) => signToken(pair, claims()));
    const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.'];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...tokens), fc.nat(), fc.constantFrom(...letters), async (token, at, letter) => {
        const place = at % token.length;
        const changed = token.slice(0, place) + letter + token.slice(place + 1);
        fc.pre(changed !== token);
        expect(await verifier.verify(changed)).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('keys of the issuer', () => {
  const token = (pair = rsa, more = {}) => signToken(pair, claims({ exp: now + 86_400, ...more }));

  it('are read once, and again after ten minutes', async () => {
    await Promise.all(Array.from({ length: 20 }, () => verifier.verify(token())));
    clock.advance(9 * 60_000);
    await verifier.verify(token(ec));
    expect(issuer.asked).toEqual(documents);
    clock.advance(60_000);
    await verifier.verify(token(ec));
    expect(issuer.asked).toHaveLength(4);
  });

  it('may be changed: a new one is taken at once, one that was withdrawn for ten minutes more', async () => {
    expect(await verifier.verify(token())).toBeDefined();
    const fresh = makePair('ES256', 'fresh');
    issuer.keys = [jwkOf(fresh)];
    clock.advance(30_000);
    expect(await verifier.verify(token(fresh))).toBeDefined();
    expect(await verifier.verify(token())).toBeUndefined();
  });

  it('are not asked for more often than each half minute, whatever ids tokens name', async () => {
    for (let count = 0; count < 50; count += 1) {
      await verifier.verify(signToken(rsa, claims(), { kid: `guess-${count}` }));
      clock.advance(1_000);
    }
    expect(issuer.asked).toHaveLength(4);
  });

  it('stand for an hour while the issuer is away; then who asks is told', async () => {
    expect(await verifier.verify(token())).toBeDefined();
    issuer.instead = (_path, response) => {
      response.destroy();
      return true;
    };
    clock.advance(59 * 60_000);
    expect(await verifier.verify(token())).toBeDefined();
    expect(logged).toHaveLength(1);
    clock.advance(60_000);
    await expect(verifier.verify(token())).rejects.toMatchObject({ code: 'service.unavailable' });
    issuer.instead = undefined;
    clock.advance(30_000);
    expect(await verifier.verify(token())).toBeDefined();
  });

  it.each([
    ['of another issuer', 'configuration', (url: string) => ({ issuer: `${url}/`, jwks_uri: `${url}/keys` })],
    ['that is no document', 'configuration', () => 'hello'],
    ['without keys', 'keys', () => ({ keys: [] })],
    ['with too many keys', 'keys', () => ({ keys: Array.from({ length: 101 }, () => jwkOf(rsa)) })],
    ['that does not end', 'keys', () => ({ keys: [{ ...jwkOf(rsa), x: 'x'.repeat(600_000) }] })],
    ['with a key that is too short', 'keys', () => ({ keys: [jwkOf(makePair('RS256', 'rsa', 1_024))] })],
    ['with a key that encrypts', 'keys', () => ({ keys: [{ ...jwkOf(rsa), use: 'enc' }] })],
    ['with a key for another algorithm', 'keys', () => ({ keys: [{ ...jwkOf(rsa), alg: 'RS512' }] })],
    ['with a secret', 'keys', () => ({ keys: [{ kty: 'oct', kid: 'rsa', k: 'c2VjcmV0' }] })],
    ['with a key that is none', 'keys', () => ({ keys: [{ kty: 'RSA', kid: 'rsa', n: '!', e: 'AQAB' }] })],
  ])('are none in an answer %s', async (_name, where, answer) => {
    issuer.instead = (path, response) => {
      if (!path.endsWith(where)) return false;
      response.end(JSON.stringify(answer(issuer.issuer)));
      return true;
    };
    await expect(verifier.verify(token())).rejects.toMatchObject({ code: 'service.unavailable' });
    expect(logged).toHaveLength(1);
  });

  it.each([404, 500, 302])('are none in an answer of status %s', async (status) => {
    issuer.instead = (path, response) => {
      if (path !== '/keys') return false;
      response.writeHead(status, { location: `${issuer.issuer}/elsewhere` }).end('{}');
      return true;
    };
    await expect(verifier.verify(token())).rejects.toMatchObject({ code: 'service.unavailable' });
  });
});
