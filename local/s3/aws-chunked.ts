import { S3Error } from './s3-error.ts';

const longestLine = 1024;
const mostTrailers = 8;

/**
 * Decodes a body of `Content-Encoding: aws-chunked` without chunk signatures (`STREAMING-UNSIGNED-PAYLOAD-TRAILER`):
 * chunks of `<hex length>CRLF<bytes>CRLF`, an empty one, then trailer lines and an empty line. Yields the chunks'
 * bytes as they come; holds nothing but an unfinished line.
 * @returns the trailers by lower-case name
 * @throws S3Error InvalidRequest where the framing is wrong, IncompleteBody where it ends early
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, ReadonlyMap<string, string>, undefined> {
  const trailers = new Map<string, string>();
  let state: 'length' | 'bytes' | 'after' | 'trailers' | 'end' = 'length';
  let line = '';
  let left = 0;
  for await (const chunk of source) {
    let at = 0;
    while (at < chunk.length) {
      if (state === 'end') throw malformed('bytes follow the last trailer');
      if (state === 'bytes') {
        const bytes = chunk.subarray(at, at + left);
        at += bytes.length;
        left -= bytes.length;
        if (left === 0) state = 'after';
        yield bytes;
        continue;
      }
      const feed = chunk.indexOf(0x0a, at);
      const end = feed < 0 ? chunk.length : feed + 1;
      line += Buffer.from(chunk.buffer, chunk.byteOffset + at, end - at).toString('latin1');
      at = end;
      if (line.length > longestLine) throw malformed('a line is too long');
      if (feed < 0) continue;
      if (!line.endsWith('\r\n')) throw malformed('a line does not end with CRLF');
      const text = line.slice(0, -2);
      line = '';
      if (state === 'after') {
        if (text !== '') throw malformed('a chunk is longer than its length says');
        state = 'length';
      } else if (state === 'length') {
        if (!/^[0-9a-fA-F]{1,12}$/.test(text)) throw malformed('a chunk has no length');
        left = Number.parseInt(text, 16);
        state = left === 0 ? 'trailers' : 'bytes';
      } else if (text === '') {
        state = 'end';
      } else {
        const trailer = /^([A-Za-z0-9-]+):\s*(.*?)\s*$/.exec(text);
        if (trailer === null || trailers.size >= mostTrailers) throw malformed('a trailer cannot be read');
        trailers.set((trailer[1] ?? '').toLowerCase(), trailer[2] ?? '');
      }
    }
  }
  if (state !== 'end') throw new S3Error('IncompleteBody', 'The request body terminated unexpectedly');
  return trailers;
}

function malformed(reason: string): S3Error {
  return new S3Error('InvalidRequest', `The aws-chunked body is malformed: ${reason}.`);
}
