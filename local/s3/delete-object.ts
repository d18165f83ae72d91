import type { Call, S3Response } from './operation.ts';
import { readText } from './request-body.ts';
import { checkKey } from './s3-request.ts';
import { childText, writeXml, type XmlNode } from './xml.ts';
import { malformedXml, readDocument } from './xml-document.ts';

/** The longest request of 1,000 keys of 1,024 bytes, each byte escaped at worst. */
const longestRequest = 8 * 1024 * 1024;
const mostKeys = 1000;

/** DeleteObject: an absent object is as good as a deleted one. */
export async function deleteObject(call: Call): Promise<S3Response> {
  call.store.objects.delete(call.place);
  return { status: 204, headers: {} };
}

/** DeleteObjects: up to 1,000 keys of one bucket. */
export async function deleteObjects(call: Call): Promise<S3Response> {
  const document = readDocument(await readText(call, longestRequest), 'Delete');
  const keys = document.children.filter(({ name }) => name === 'Object').map((object) => childText(object, 'Key'));
  if (keys.length === 0 || keys.length > mostKeys) throw malformedXml();
  const quiet = childText(document, 'Quiet') === 'true';
  const deleted = keys.map((key): XmlNode => {
    if (key === undefined || key === '') throw malformedXml();
    checkKey(key);
    return ['Deleted', [['Key', key]]];
  });
  for (const key of keys) if (key !== undefined) call.store.objects.delete({ bucket: call.place.bucket, key });
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: writeXml(['DeleteResult', quiet ? [] : deleted]),
  };
}
