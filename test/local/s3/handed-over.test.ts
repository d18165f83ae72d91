import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { upload } from '../../../containers/builder/agent/transfer.ts';
import { sha256 } from '../../../core/digest.ts';
import { type LocalObjects, openObjects } from '../../../local/object-store.ts';
import { systemClock } from './server-fixture.ts';

/** A file that a builder of this machine hands over, instead of sending its bytes. */
describe('a file that is handed over', () => {
  const directory = mkdtempSync(join(tmpdir(), 'lb-handed-'));
  const content = Buffer.alloc(300_000, 'lbuild');
  let objects: LocalObjects;
  let asked: string[] = [];
  let number = 0;

  beforeAll(async () => {
    objects = await openObjects({
      directory: join(directory, 'objects'),
      secrets: { s3AccessKeyId: 'AKIDEXAMPLE', s3SecretAccessKey: 'secret', cursorSecret: 'c'.repeat(43) },
      clock: systemClock,
      handedOver: (path, name) => {
        asked.push(`${path} ${name}`);
        return name === 'refused' ? undefined : join(directory, name);
      },
    });
  });
  afterAll(async () => {
    await objects.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function put(name: string, digest: string, size = content.length): Promise<{ path: string; bytes: unknown }> {
    asked = [];
    number += 1;
    const place = { bucket: 'work', path: `staging/${number}` } as const;
    const { url, headers } = await objects.blobs.signPut(place, {
      ...{ size, sha256: digest, contentType: 'application/octet-stream', ifAbsent: true, expiresSeconds: 60 },
    });
    const file = join(directory, name);
    await upload({ method: 'PUT', url, headers }, { file, size, handOver: { name } }, AbortSignal.timeout(10_000));
    return { path: place.path, bytes: await objects.blobs.get(place) };
  }

  it('becomes the object by a link, and is no longer to be written', async () => {
    writeFileSync(join(directory, 'image'), content);
    const { path, bytes } = await put('image', sha256(content));
    expect(asked).toEqual([`${path} image`]);
    expect(Buffer.from(bytes as Uint8Array).equals(content)).toBe(true);
    const stored = statSync(objects.fileOf(path));
    expect(stored.ino).toBe(statSync(join(directory, 'image')).ino);
    expect(stored.mode & 0o777).toBe(0o444);
  });

  it('is sent where the store may not take it', async () => {
    writeFileSync(join(directory, 'refused'), content);
    const { path, bytes } = await put('refused', sha256(content));
    expect(Buffer.from(bytes as Uint8Array).equals(content)).toBe(true);
    expect(statSync(objects.fileOf(path)).ino).not.toBe(statSync(join(directory, 'refused')).ino);
  });

  it('is refused where its bytes are not those that were signed, and leaves nothing', async () => {
    writeFileSync(join(directory, 'other'), content);
    await expect(put('other', sha256('other bytes'))).rejects.toThrow(/answered 400/);
    expect(await objects.blobs.head({ bucket: 'work', path: `staging/${number}` })).toBeUndefined();
    expect(statSync(join(directory, 'other')).nlink).toBe(1);
  });

  it('is not overwritten by a second one', async () => {
    writeFileSync(join(directory, 'twice'), content);
    await put('twice', sha256(content));
    number -= 1;
    await put('twice', sha256(content));
    expect(statSync(join(directory, 'twice')).nlink).toBe(2);
  });
});
