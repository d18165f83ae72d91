import { chmodSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createS3Blobs } from '../../../adapters/s3/s3-blobs.ts';
import { systemClock, useServer } from './server-fixture.ts';

const context = useServer();
const work = (path: string) => ({ bucket: 'work', path }) as const;
const blobs = () =>
  createS3Blobs({ client: context.client, buckets: { work: 'work', artifacts: 'artifacts' }, clock: systemClock });
const content = new Uint8Array(600_000).fill(7);

async function stored(path: string): Promise<string> {
  await blobs().put(work(path), content, { contentType: 'application/octet-stream' });
  return context.server.fileOf(work(path));
}

/** Changes the last byte of a file. @param quietly leaves the file's times as they are */
function flip(file: string, quietly: boolean): void {
  const { atime, mtime } = statSync(file);
  const bytes = readFileSync(file);
  bytes[bytes.length - 1] = 8;
  chmodSync(file, 0o600);
  writeFileSync(file, bytes);
  if (quietly) utimesSync(file, atime, mtime);
}

describe('an object whose file was written to', () => {
  it('is gone, and so is its copy', async () => {
    const file = await stored('written');
    await blobs().copy(work('written'), work('copied'));
    flip(file, false);
    expect(() => context.server.fileOf(work('written'))).toThrow('as it was written');
    expect(await blobs().head(work('written'))).toBeUndefined();
    expect(await blobs().get(work('copied'))).toBeUndefined();
    await expect(blobs().copy(work('written'), work('again'))).rejects.toMatchObject({ code: 'blob.not_found' });
  });

  it('stays where its bytes are the same, and is linked again', async () => {
    const file = await stored('touched');
    utimesSync(file, new Date(), new Date());
    expect(() => context.server.fileOf(work('touched'))).toThrow('as it was written');
    expect((await blobs().head(work('touched')))?.size).toBe(content.length);
    expect(context.server.fileOf(work('touched'))).toBe(file);
  });

  it('makes room for the right one under ifAbsent', async () => {
    const file = await stored('replaced');
    flip(file, false);
    expect(await blobs().head(work('replaced'))).toBeUndefined();
    const written = await blobs().put(work('replaced'), content, { contentType: 'text/plain', ifAbsent: true });
    expect(written).toBe('written');
  });
});

describe('an object whose file changed without a trace', () => {
  it('is never handed out whole, and is gone once that was seen', async () => {
    const file = await stored('worn');
    flip(file, true);
    expect(context.server.fileOf(work('worn'))).toBe(file);
    const outcome = await blobs()
      .get(work('worn'))
      .catch((error: unknown) => error);
    expect(outcome).not.toBeInstanceOf(Uint8Array);
    expect(await blobs().head(work('worn'))).toBeUndefined();
  });
});
