import type { DeclaredUpload } from '../generated/types.gen.ts';

/** Sends the bytes of an upload by fetch. @returns status of the store's answer */
export async function sendBlob(
  put: NonNullable<DeclaredUpload['put']>,
  body: Blob,
  { signal, send }: { readonly signal: AbortSignal | undefined; readonly send: typeof fetch },
): Promise<number> {
  // The length is fetch's to say.
  const headers = Object.entries(put.headers).filter(([name]) => name.toLowerCase() !== 'content-length');
  const response = await send(put.url, {
    ...{ method: put.method, headers, body },
    ...(signal === undefined ? {} : { signal }),
  });
  await response.arrayBuffer();
  return response.status;
}
