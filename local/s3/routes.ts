import { completeMultipartUpload } from './complete-upload.ts';
import { copyObject } from './copy-object.ts';
import { deleteObject, deleteObjects } from './delete-object.ts';
import { getObject, responseOverrides } from './get-object.ts';
import { listObjects } from './list-objects.ts';
import { abortMultipartUpload, createMultipartUpload, uploadPart } from './multipart-upload.ts';
import type { Call, S3Response } from './operation.ts';
import { putObject } from './put-object.ts';
import { notImplemented, S3Error } from './s3-error.ts';
import type { S3Request } from './s3-request.ts';
import { uploadPartCopy } from './upload-part-copy.ts';

/** One operation of S3: which requests mean it, and what they may say. */
interface Operation {
  readonly name: string;
  readonly method: string;
  readonly of: 'object' | 'bucket';
  /** Query members that tell it from others of its method. */
  readonly query: readonly string[];
  /** Query members that it understands beside them. */
  readonly optional?: readonly string[];
  readonly copies?: true;
  /** The headers it understands among those that make a request conditional or partial. */
  readonly conditions?: readonly string[];
  readonly handle: (call: Call) => Promise<S3Response>;
}

const reads = { query: [], optional: responseOverrides, conditions: ['if-match', 'if-none-match', 'range'] };
const writes = { conditions: ['if-none-match'] };

const operations: readonly Operation[] = [
  { name: 'GetObject', method: 'GET', of: 'object', ...reads, handle: getObject },
  { name: 'HeadObject', method: 'HEAD', of: 'object', ...reads, handle: getObject },
  { name: 'PutObject', method: 'PUT', of: 'object', query: [], ...writes, handle: putObject },
  { name: 'CopyObject', method: 'PUT', of: 'object', query: [], copies: true, ...writes, handle: copyObject },
  { name: 'DeleteObject', method: 'DELETE', of: 'object', query: [], handle: deleteObject },
  { name: 'CreateMultipartUpload', method: 'POST', of: 'object', query: ['uploads'], handle: createMultipartUpload },
  { name: 'UploadPart', method: 'PUT', of: 'object', query: ['partNumber', 'uploadId'], handle: uploadPart },
  {
    name: 'UploadPartCopy',
    method: 'PUT',
    of: 'object',
    query: ['partNumber', 'uploadId'],
    copies: true,
    handle: uploadPartCopy,
  },
  {
    name: 'CompleteMultipartUpload',
    method: 'POST',
    of: 'object',
    query: ['uploadId'],
    ...writes,
    handle: completeMultipartUpload,
  },
  { name: 'AbortMultipartUpload', method: 'DELETE', of: 'object', query: ['uploadId'], handle: abortMultipartUpload },
  {
    name: 'ListObjectsV2',
    method: 'GET',
    of: 'bucket',
    query: ['list-type'],
    optional: ['continuation-token', 'delimiter', 'encoding-type', 'fetch-owner', 'max-keys', 'prefix', 'start-after'],
    handle: listObjects,
  },
  { name: 'DeleteObjects', method: 'POST', of: 'bucket', query: ['delete'], handle: deleteObjects },
];

const conditionHeaders = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'range'];

/** Names of what this server leaves out where they do not follow from method and sub-resource. */
const unsupportedNames: Readonly<Record<string, string>> = {
  'GET service': 'ListBuckets',
  'GET bucket': 'ListObjects',
  'GET bucket uploads': 'ListMultipartUploads',
  'GET bucket versions': 'ListObjectVersions',
  'GET object uploadId': 'ListParts',
  'HEAD bucket': 'HeadBucket',
  'POST bucket': 'PostObject',
  'POST object select': 'SelectObjectContent',
  'POST object restore': 'RestoreObject',
  'PUT bucket': 'CreateBucket',
};

/**
 * Finds the operation that a request means.
 * @throws S3Error NotImplemented, with the operation's name, for what this server does not do; MethodNotAllowed
 */
export function routeRequest(request: S3Request, options: ReadonlyMap<string, string>): Operation['handle'] {
  const level = request.bucket === '' ? 'service' : request.key === '' ? 'bucket' : 'object';
  if (!['GET', 'HEAD', 'PUT', 'POST', 'DELETE'].includes(request.method)) {
    throw new S3Error('MethodNotAllowed', 'The specified method is not allowed against this resource.');
  }
  const said = [...request.query.keys()].filter((name) => name !== 'x-id' && !name.toLowerCase().startsWith('x-amz-'));
  const copies = options.has('x-amz-copy-source');
  const operation = operations.find(
    ({ method, of, query, optional, copies: wants }) =>
      method === request.method &&
      of === level &&
      (wants ?? false) === copies &&
      query.every((name) => said.includes(name)) &&
      said.every((name) => query.includes(name) || (optional ?? []).includes(name)),
  );
  if (operation === undefined) throw notImplemented(unsupportedName(request.method, level, said));
  const condition = conditionHeaders.find(
    (name) => request.headers.has(name) && !(operation.conditions ?? []).includes(name),
  );
  if (condition !== undefined) throw notImplemented(`${operation.name} with ${condition}`);
  return operation.handle;
}

function unsupportedName(method: string, level: string, said: readonly string[]): string {
  const known = operations.find(
    (operation) =>
      operation.method === method &&
      operation.of === level &&
      operation.query.length > 0 &&
      operation.query.every((name) => said.includes(name)),
  );
  const [sub = ''] = said.filter((name) => /^[A-Za-z-]{1,40}$/.test(name) && !(known?.query ?? []).includes(name));
  if (known !== undefined) return `${known.name} with ${sub}`;
  const named = unsupportedNames[`${method} ${level}${sub === '' ? '' : ` ${sub}`}`];
  if (named !== undefined) return named;
  if (sub === 'versionId' || sub === 'partNumber') return `${method} of an object with ${sub}`;
  const pascal = (text: string) => text.replace(/(?:^|-)([a-z])/gi, (_, letter: string) => letter.toUpperCase());
  return `${pascal(method.toLowerCase())}${pascal(level)}${pascal(sub)}`;
}
