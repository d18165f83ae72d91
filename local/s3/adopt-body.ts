import { lstat } from 'node:fs/promises';
import { type Checksum, declaredChecksum } from './checksum.ts';
import type { Body } from './object-store.ts';
import type { Call } from './operation.ts';
import { S3Error } from './s3-error.ts';
import { sha256OfFile } from './sealed-files.ts';

/**
 * Takes a file of this machine as a call's body instead of bytes over the connection. The sender names it in
 * `x-lbuild-file` and waits, by `Expect: 100-continue`, whether it must send the body after all. The file becomes the
 * store's by a hard link and is checked like any body: its length and its SHA-256 must be the signed ones.
 * @returns undefined where the body is to be sent
 * @throws S3Error BadDigest where the file is another than declared
 */
export async function adoptBody(
  call: Call,
): Promise<{ readonly body: Body; readonly checksum: Checksum | undefined } | undefined> {
  const { request, store, options, place } = call;
  const name = request.headers.get('x-lbuild-file');
  const declared = declaredChecksum(options);
  if (name === undefined || declared?.algorithm !== 'sha256') return undefined;
  if (request.headers.get('expect') === undefined) return undefined;
  const path = store.handedOver?.(place, name);
  const size = Number(request.headers.get('content-length'));
  const stat = path === undefined ? undefined : await lstat(path).catch(() => undefined);
  if (path === undefined || !stat?.isFile() || stat.size !== size) return undefined;
  const id = await store.files.adopt(path).catch(() => undefined);
  if (id === undefined) return undefined;
  const sha256 = await sha256OfFile(store.files.pathOf(id));
  if (Buffer.from(sha256, 'hex').toString('base64') !== declared.value) {
    await store.files.remove(id);
    throw new S3Error('BadDigest', 'The SHA256 you specified did not match the calculated checksum.');
  }
  return { body: { id, size, sha256 }, checksum: { algorithm: 'sha256', value: declared.value, type: 'FULL_OBJECT' } };
}
