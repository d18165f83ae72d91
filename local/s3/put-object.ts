import { adoptBody } from './adopt-body.ts';
import { type Checksum, checksumHeaders } from './checksum.ts';
import type { Body } from './object-store.ts';
import {
  type Call,
  etagOf,
  objectHeaders,
  preconditionFailed,
  readIfAbsent,
  receiveBody,
  type S3Response,
} from './operation.ts';

/** PutObject: the object is there once its bytes came whole and were checked, or not at all. */
export async function putObject(call: Call): Promise<S3Response> {
  const { store, place } = call;
  const ifAbsent = readIfAbsent(call);
  const headers = objectHeaders(call);
  // Asked again when the object is made visible; here it spares the body.
  if (ifAbsent && store.objects.find(place.bucket, place.key) !== undefined) throw preconditionFailed('If-None-Match');
  const commit = (body: Body, checksum: Checksum | undefined): S3Response => {
    const etag = etagOf(body.sha256);
    const object = { body, etag, headers, checksum, modifiedAt: store.clock.now() };
    if (!store.objects.put(place, object, { ifAbsent })) throw preconditionFailed('If-None-Match');
    return { status: 200, headers: { etag: `"${etag}"`, ...checksumHeaders(checksum) } };
  };
  const adopted = await adoptBody(call);
  if (adopted === undefined) return receiveBody(call, commit);
  try {
    return commit(adopted.body, adopted.checksum);
  } catch (error) {
    await store.files.remove(adopted.body.id);
    throw error;
  }
}
