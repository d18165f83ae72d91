import type { Call, S3Response } from './operation.ts';
import { notImplemented, S3Error } from './s3-error.ts';
import { writeXml, type XmlNode } from './xml.ts';

/** S3's longest page. */
const longestPage = 1000;

/** ListObjectsV2: keys in the order of their UTF-8 bytes, a page at a time. */
export async function listObjects(call: Call): Promise<S3Response> {
  const { query } = call.request;
  if ((query.get('delimiter') ?? '') !== '') throw notImplemented('ListObjectsV2 with a delimiter');
  if ((query.get('fetch-owner') ?? 'false') !== 'false') throw notImplemented('ListObjectsV2 with owners');
  const prefix = query.get('prefix') ?? '';
  const token = query.get('continuation-token');
  const startAfter = query.get('start-after');
  const encoding = query.get('encoding-type');
  if (encoding !== undefined && encoding !== 'url') {
    throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request');
  }
  const shown = (key: string) => (encoding === 'url' ? encodeURIComponent(key).replaceAll('%2F', '/') : key);
  const limit = readLimit(query.get('max-keys'));
  const after = token === undefined ? (startAfter ?? '') : readToken(token);
  const found = call.store.objects.list(call.place.bucket, { prefix, after, limit: limit + 1 });
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1)?.key : undefined;
  const optional = (name: string, value: string | undefined): XmlNode | undefined =>
    value === undefined ? undefined : [name, value];
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: writeXml([
      'ListBucketResult',
      [
        ['Name', call.place.bucket],
        ['Prefix', shown(prefix)],
        ['KeyCount', page.length],
        ['MaxKeys', limit],
        ['IsTruncated', String(last !== undefined)],
        optional('EncodingType', encoding),
        optional('StartAfter', startAfter === undefined ? undefined : shown(startAfter)),
        optional('ContinuationToken', token),
        optional('NextContinuationToken', last === undefined ? undefined : writeToken(last)),
        ...page.map(({ key, object }): XmlNode => {
          const contents: (XmlNode | undefined)[] = [
            ['Key', shown(key)],
            ['LastModified', object.modifiedAt.toISOString()],
            ['ETag', `"${object.etag}"`],
            optional('ChecksumAlgorithm', object.checksum?.algorithm.toUpperCase()),
            optional('ChecksumType', object.checksum?.type),
            ['Size', object.body.size],
            ['StorageClass', 'STANDARD'],
          ];
          return ['Contents', contents];
        }),
      ],
    ]),
  };
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return longestPage;
  if (!/^[0-9]{1,10}$/.test(text)) throw new S3Error('InvalidArgument', 'Provided max-keys not an integer');
  return Math.min(Number(text), longestPage);
}

function writeToken(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function readToken(token: string): string {
  const key = Buffer.from(token, 'base64url').toString();
  if (key === '' || writeToken(key) !== token) {
    throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect');
  }
  return key;
}
