import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { uploadKey, uploadUseKey } from '../../core/builds/keys.ts';
import { uploadPlace } from '../../core/builds/places.ts';
import { sha256 } from '../../core/digest.ts';
import type { Ports } from '../../core/ports/ports.ts';
import { uploadLimits } from '../../core/uploads/limits.ts';
import { removeUpload } from '../../core/uploads/removal.ts';
import { sweepUploads } from '../../core/uploads/sweep.ts';
import { declareUpload, getUpload, useUploads } from '../../core/uploads/upload-repository.ts';
import { archive, specWith } from '../core/plan/plan-fixtures.ts';
import { type ControlPlane, useControlPlane } from '../support/control-plane.ts';

let plane: ControlPlane;
useControlPlane(archive, (opened) => {
  plane = opened;
});

const tenant = 'ten_1';
/** The ports so much later. */
const later = (milliseconds: number): Ports => {
  const { ports } = plane;
  const now = () => new Date(Date.now() + milliseconds);
  return { ...ports, clock: { ...ports.clock, now, sleep: (time) => ports.clock.sleep(time) } };
};
const day = uploadLimits.pendingMilliseconds;
const put = (digest: string, bytes: Uint8Array) =>
  plane.ports.blobs.put(uploadPlace(tenant, digest), bytes, { contentType: 'application/octet-stream' });
async function stored() {
  const bytes = randomBytes(1_000);
  const digest = sha256(bytes);
  await declareUpload(plane.ports, tenant, { sha256: digest, size: bytes.length });
  await put(digest, bytes);
  await getUpload(plane.ports, tenant, digest);
  return { digest, bytes };
}
const isThere = async (digest: string) => (await plane.ports.blobs.head(uploadPlace(tenant, digest))) !== undefined;
const isNoted = async (digest: string) => (await plane.ports.table.get(uploadKey(tenant, digest))) !== undefined;
const room = async () => (await plane.ports.table.get(uploadUseKey(tenant)))?.counters.bytes ?? 0;

describe('an upload that is removed', () => {
  it('gives no room back that an address may still fill: what comes by it is swept, and was counted', async () => {
    const before = await room();
    const { digest, bytes } = await stored();
    await removeUpload(plane.ports, tenant, digest);
    await put(digest, bytes);
    await expect(getUpload(plane.ports, tenant, digest)).rejects.toMatchObject({ code: 'upload.not_found' });
    await sweepUploads(later(0.9 * day));
    expect([await isNoted(digest), await room()]).toEqual([true, before + 1_000]);
    await sweepUploads(later(1.1 * day));
    expect([await isThere(digest), await isNoted(digest), await room()]).toEqual([false, false, before]);
  });

  it('is one again when it is declared again, and lives as any other', async () => {
    const before = await room();
    const { digest, bytes } = await stored();
    await removeUpload(plane.ports, tenant, digest);
    const declared = await declareUpload(plane.ports, tenant, { sha256: digest, size: bytes.length });
    expect(declared).toMatchObject({ created: true });
    expect(declared.upload.storedAt).toBeUndefined();
    await put(digest, bytes);
    await getUpload(plane.ports, tenant, digest);
    await sweepUploads(later(2 * day));
    expect([await isThere(digest), await room()]).toEqual([true, before + 1_000]);
  });

  it('is finished by the next sweep where that was cut short, and is not there until then', async () => {
    const before = await room();
    const { digest, bytes } = await stored();
    const cut: Ports = {
      ...plane.ports,
      blobs: { ...plane.ports.blobs, delete: () => Promise.reject(new Error('cut short')) },
    };
    await expect(removeUpload(cut, tenant, digest)).rejects.toThrow('cut short');
    await expect(getUpload(plane.ports, tenant, digest)).rejects.toMatchObject({ code: 'upload.not_found' });
    const declaring = declareUpload(plane.ports, tenant, { sha256: digest, size: bytes.length });
    await expect(declaring).rejects.toMatchObject({ code: 'service.unavailable' });
    await sweepUploads(later(1_000));
    expect([await isThere(digest), await room()]).toEqual([false, before + 1_000]);
    await sweepUploads(later(1.1 * day));
    expect([await isNoted(digest), await room()]).toEqual([false, before]);
  });

  it('is none where a build begins to use it meanwhile', async () => {
    const { digest } = await stored();
    const { table } = plane.ports;
    let used = false;
    const racing: Ports = {
      ...plane.ports,
      table: {
        ...table,
        get: (key) => table.get(key),
        transact: (writes) => table.transact(writes),
        query: async (query) => {
          // The build that is started is not found: it is submitted once its uploads have been looked at.
          if (!used) await useUploads(plane.ports, tenant, [digest]);
          used = true;
          return table.query(query);
        },
      },
    };
    await expect(removeUpload(racing, tenant, digest)).rejects.toMatchObject({
      code: 'upload.in_use',
      retryAfterSeconds: 60,
    });
    expect((await getUpload(plane.ports, tenant, digest)).storedAt).toBeDefined();
  });

  it('does not take a build with it that has begun: it is in use until that has ended', async () => {
    const { digest } = await stored();
    const spec = specWith({ files: [{ path: '/srv/model', upload: digest }], outputs: [{ type: 'tar' }] });
    const build = await plane.submit(spec);
    const refused = removeUpload(later(day / 2), tenant, digest);
    await expect(refused).rejects.toMatchObject({ code: 'upload.in_use', message: expect.stringContaining(build.id) });
    expect((await plane.ended(build.id)).state).toBe('succeeded');
    const minute = later(uploadLimits.settleMilliseconds + 1_000);
    expect((await removeUpload(minute, tenant, digest)).upload.sha256).toBe(digest);
    expect(await isThere(digest)).toBe(false);
  });
});
