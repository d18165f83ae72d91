import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Exchange, exchangeOver } from '../../../containers/builder/agent/exchange-client.ts';
import { Store } from '../../../containers/builder/agent/store.ts';
import { upload } from '../../../containers/builder/agent/transfer.ts';
import type { ExchangeRequest, ExchangeResponse } from '../../../core/builds/exchange.ts';
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

  /** The engine's side for one output: what is asked is signed, and noted. */
  function exchangeFor(path: string): { exchange: Exchange; asked: string[] } {
    const place = { bucket: 'work', path } as const;
    const asked: string[] = [];
    let uploadId = '';
    const answer = async (request: ExchangeRequest): Promise<ExchangeResponse> => {
      const signed = { contentType: 'application/octet-stream', ifAbsent: true, expiresSeconds: 60 };
      if (request.kind === 'declare') {
        const { method, url, headers } = await objects.blobs.signPut(place, { ...request, ...signed });
        return { kind: 'upload', request: { method, url, headers: { ...headers } } };
      }
      if (request.kind === 'declare-parts') uploadId = await objects.blobs.startParts(place, signed);
      if (request.kind === 'declare-part') {
        const { number, sha256 } = request;
        const part = { uploadId, number, size: content.length, sha256, expiresSeconds: 60 };
        const { method, url, headers } = await objects.blobs.signPart(place, part);
        return { kind: 'upload', request: { method, url, headers: { ...headers } } };
      }
      if (request.kind !== 'complete-parts') return { kind: 'parts', count: 1 };
      await objects.blobs.completeParts(place, uploadId, request.parts);
      return { kind: 'completed' };
    };
    const exchange = exchangeOver((request) => {
      asked.push(request.kind);
      return answer(request);
    });
    return { exchange, asked };
  }

  it.each([
    ['is linked whatever its size', 'large', ['declare'], true],
    [
      'goes up in parts where it is large and the store may not take it',
      'refused',
      ['declare', 'declare-parts', 'declare-part', 'complete-parts'],
      false,
    ],
  ])('%s', async (_, name, expected, linked) => {
    const file = join(directory, name);
    writeFileSync(file, content);
    number += 1;
    const path = `staging/${number}`;
    const { exchange, asked } = exchangeFor(path);
    const parts = { threshold: content.length - 1, size: content.length };
    const options = { signal: AbortSignal.timeout(10_000), random: () => 0, outputs: directory, parts };
    const sent = await new Store(exchange, options).putFile('tar', 'artifact', {
      ...{ file, size: content.length, sha256: sha256(content) },
    });
    expect(asked).toEqual(expected);
    expect(sent).toEqual(linked ? undefined : { size: content.length, sha256: [sha256(content)] });
    expect(Buffer.from((await objects.blobs.get({ bucket: 'work', path })) ?? []).equals(content)).toBe(true);
    expect(statSync(objects.fileOf(path)).ino === statSync(file).ino).toBe(linked);
  });

  it('may be larger than what S3 takes by one request', async () => {
    const size = 6 * 1024 ** 3;
    const place = { bucket: 'work', path: 'staging/huge' } as const;
    const bytes = { size, sha256: sha256('x'), contentType: 'application/octet-stream' };
    const { headers } = await objects.blobs.signPut(place, { ...bytes, ifAbsent: true, expiresSeconds: 60 });
    expect(headers['content-length']).toBe(String(size));
  });
});
