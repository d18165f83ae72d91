import { describe, expect, it } from 'vitest';
import { readS3Request, type S3Request } from '../../../local/s3/s3-request.ts';
import { checkSignature } from '../../../local/s3/signature.ts';

// The worked examples of "Authenticating Requests (AWS Signature Version 4)" in Amazon S3's API reference: keys,
// requests and signatures as printed there.
const identity = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
};
const now = new Date('2013-05-24T00:00:00Z');
const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const scope = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request';

function request(
  method: string,
  url: string,
  signedHeaders: string,
  signature: string,
  headers: Record<string, string>,
): S3Request {
  const lines: Record<string, string> = {
    Host: 'examplebucket.s3.amazonaws.com',
    'x-amz-date': '20130524T000000Z',
    'x-amz-content-sha256': emptyHash,
    ...headers,
    Authorization: `AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=${signedHeaders},Signature=${signature}`,
  };
  // The examples address the bucket by host: the path is all key.
  const parsed = readS3Request({ method, url: `/bucket${url}`, rawHeaders: Object.entries(lines).flat() });
  return { ...parsed, rawPath: parsed.rawPath.slice('/bucket'.length) };
}

const examples: readonly (readonly [string, S3Request, string])[] = [
  [
    'GET Object',
    request(
      'GET',
      '/test.txt',
      'host;range;x-amz-content-sha256;x-amz-date',
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
      { Range: 'bytes=0-9' },
    ),
    emptyHash,
  ],
  [
    'PUT Object',
    request(
      'PUT',
      '/test%24file.text',
      'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
      {
        Date: 'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
      },
    ),
    '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
  ],
  [
    'GET Bucket Lifecycle',
    request(
      'GET',
      '/?lifecycle',
      'host;x-amz-content-sha256;x-amz-date',
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
      {},
    ),
    emptyHash,
  ],
  [
    'Get Bucket (List Objects)',
    request(
      'GET',
      '/?max-keys=2&prefix=J',
      'host;x-amz-content-sha256;x-amz-date',
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
      {},
    ),
    emptyHash,
  ],
];

function presigned(signature: string): S3Request {
  const query = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(scope)}&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=${signature}`;
  const parsed = readS3Request({
    method: 'GET',
    url: `/bucket/test.txt?${query}`,
    rawHeaders: ['Host', 'examplebucket.s3.amazonaws.com'],
  });
  return { ...parsed, rawPath: '/test.txt' };
}
const presignedSignature = 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404';

describe("the service's own examples", () => {
  it.each(examples)('accepts %s', (_, example, payload) => {
    expect(checkSignature(example, identity, now)).toEqual({ payload });
  });

  it('accepts the presigned URL, until it expires', () => {
    const within = new Date('2013-05-24T23:59:59.999Z');
    expect(checkSignature(presigned(presignedSignature), identity, within)).toEqual({ payload: 'UNSIGNED-PAYLOAD' });
    const after = new Date('2013-05-25T00:00:00Z');
    expect(() => checkSignature(presigned(presignedSignature), identity, after)).toThrow('Request has expired');
  });

  it.each(examples)('refuses %s with another method, path, query, header or secret', (_, example) => {
    const refused = (changed: S3Request, secret = identity.secretAccessKey) =>
      expect(() => checkSignature(changed, { ...identity, secretAccessKey: secret }, now)).toThrow('does not match');
    refused({ ...example, method: 'POST' });
    refused({ ...example, rawPath: `${example.rawPath}x` });
    refused({ ...example, queryMembers: [...example.queryMembers, ['a', 'b']] });
    refused({ ...example, headers: new Map([...example.headers, ['host', 'other.invalid']]) });
    refused(example, 'another');
  });

  it.each([-1, 1])('allows a clock that is 15 minutes off, and no more (%i)', (sign) => {
    const [[, example]] = [examples[0] ?? ['', presigned(''), '']];
    const limit = sign * 15 * 60_000;
    expect(checkSignature(example, identity, new Date(now.getTime() + limit))).toBeDefined();
    expect(() => checkSignature(example, identity, new Date(now.getTime() + limit + sign))).toThrow('too large');
  });
});

describe('malformed signatures', () => {
  const change = (from: string | RegExp, to: string): S3Request => {
    const [, example] = examples[0] ?? ['', presigned('')];
    const authorization = (example.headers.get('authorization') ?? '').replace(from, to);
    return { ...example, headers: new Map([...example.headers, ['authorization', authorization]]) };
  };
  const without = (name: string): S3Request => {
    const [, example] = examples[0] ?? ['', presigned('')];
    return { ...example, headers: new Map([...example.headers].filter(([header]) => header !== name)) };
  };

  it.each<[string, S3Request, string]>([
    ['another scheme', change('AWS4-HMAC-SHA256', 'AWS4-ECDSA'), 'AuthorizationHeaderMalformed'],
    ['another service', change('/s3/', '/ec2/'), 'AuthorizationHeaderMalformed'],
    ['another region', change('us-east-1', 'eu-west-1'), 'AuthorizationHeaderMalformed'],
    ['another day', change('20130524', '20130523'), 'AuthorizationHeaderMalformed'],
    ['a short signature', change(/[0-9a-f]{64}$/, 'abcd'), 'AuthorizationHeaderMalformed'],
    ['no signed headers', change(/SignedHeaders=[^,]*/, 'SignedHeaders='), 'AuthorizationHeaderMalformed'],
    ['an unknown key', change('AKIAIOSFODNN7EXAMPLE', 'AKIANOBODY'), 'InvalidAccessKeyId'],
    ['the host left out', change('host;', ''), 'AccessDenied'],
    ['an x-amz- header left out', change('x-amz-content-sha256;', ''), 'AccessDenied'],
    ['no date', without('x-amz-date'), 'AccessDenied'],
    ['no hash of the body', without('x-amz-content-sha256'), 'InvalidRequest'],
    ['no authorization', without('authorization'), 'AccessDenied'],
  ])('refuses %s', (_, changed, code) => {
    expect(() => checkSignature(changed, identity, now)).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    ['X-Amz-Expires', '604801'],
    ['X-Amz-Expires', '-1'],
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA1'],
    ['X-Amz-Date', 'yesterday'],
    ['X-Amz-Date', '20139924T000000Z'],
    ['X-Amz-Credential', 'AKIAIOSFODNN7EXAMPLE'],
  ])('refuses a presigned %s of %s', (name, value) => {
    const example = presigned(presignedSignature);
    const changed = { ...example, query: new Map([...example.query, [name, value]]) };
    expect(() => checkSignature(changed, identity, now)).toThrow(
      expect.objectContaining({ code: 'AuthorizationQueryParametersError' }),
    );
  });

  it('refuses two signatures, and a session that it did not give', () => {
    const example = presigned(presignedSignature);
    const both = { ...example, headers: new Map([...example.headers, ['authorization', 'AWS4-HMAC-SHA256 x']]) };
    expect(() => checkSignature(both, identity, now)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
    const session = { ...example, query: new Map([...example.query, ['X-Amz-Security-Token', 'x']]) };
    expect(() => checkSignature(session, identity, now)).toThrow(expect.objectContaining({ code: 'InvalidToken' }));
  });

  it('refuses a parameter given twice', () => {
    const parse = () =>
      readS3Request({ method: 'GET', url: '/bucket/key?X-Amz-Expires=1&X-Amz-Expires=2', rawHeaders: [] });
    expect(parse).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
  });
});
