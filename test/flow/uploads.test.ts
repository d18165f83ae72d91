import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildWrite, findBuild } from '../../core/builds/build-repository.ts';
import type { BuildDetail } from '../../core/builds/build-view.ts';
import { listEvidence } from '../../core/builds/evidence-record.ts';
import { specKey, uploadKey, uploadUseKey } from '../../core/builds/keys.ts';
import { artifactPlace, uploadPlace } from '../../core/builds/places.ts';
import { resumeOf } from '../../core/builds/resume.ts';
import { listAttempts } from '../../core/builds/stage-repository.ts';
import { submitBuild } from '../../core/builds/submit-build.ts';
import { sha256 } from '../../core/digest.ts';
import { statementSchema } from '../../core/evidence/statement.ts';
import { readJson, toJsonObject } from '../../core/json.ts';
import type { Ports } from '../../core/ports/ports.ts';
import { resolvedSpecSchema } from '../../core/spec/resolve.ts';
import { uploadLimits } from '../../core/uploads/limits.ts';
import { sweepUploads } from '../../core/uploads/sweep.ts';
import { declareUpload, getUpload, useUploads } from '../../core/uploads/upload-repository.ts';
import { eventHandlers } from '../../local/functions.ts';
import { archive, specWith } from '../core/plan/plan-fixtures.ts';
import { type ControlPlane, useControlPlane } from '../support/control-plane.ts';

let plane: ControlPlane;
useControlPlane(archive, (opened) => {
  plane = opened;
});

const tenant = 'ten_1';
const day = 86_400_000;
/** The ports so many days later. */
const inDays = (days: number): Ports => {
  const { ports } = plane;
  const now = () => new Date(Date.now() + days * day);
  return { ...ports, clock: { ...ports.clock, now, sleep: (milliseconds) => ports.clock.sleep(milliseconds) } };
};
const specOf = (digest: string, hostname = digest.slice(0, 8)) =>
  specWith({ system: { hostname }, files: [{ path: '/srv/model', upload: digest }], outputs: [{ type: 'tar' }] });

async function declared(): Promise<{ digest: string; bytes: Uint8Array }> {
  const bytes = randomBytes(1_000);
  await declareUpload(plane.ports, tenant, { sha256: sha256(bytes), size: bytes.length });
  return { digest: sha256(bytes), bytes };
}
const put = (digest: string, bytes: Uint8Array) =>
  plane.ports.blobs.put(uploadPlace(tenant, digest), bytes, { contentType: 'application/octet-stream' });
async function stored() {
  const { digest, bytes } = await declared();
  await put(digest, bytes);
  await getUpload(plane.ports, tenant, digest);
  return { digest, bytes };
}
const recordOf = async (digest: string) => (await plane.ports.table.get(uploadKey(tenant, digest)))?.data;
const isThere = async (digest: string) => (await plane.ports.blobs.head(uploadPlace(tenant, digest))) !== undefined;
const room = async () => (await plane.ports.table.get(uploadUseKey(tenant)))?.counters.bytes;

async function build(spec: ReturnType<typeof specOf>): Promise<BuildDetail> {
  plane.agent.began.length = 0;
  return plane.ended((await plane.submit(spec)).id);
}
async function resumed(before: BuildDetail): Promise<BuildDetail> {
  const found = await findBuild(plane.ports.table, before.id);
  if (found === undefined) throw new Error('the build is gone');
  plane.agent.began.length = 0;
  const check = (given: unknown) => resolvedSpecSchema.parse(given);
  const submission = await resumeOf(plane.ports.table, found.value, { keyId: 'key_1', archive: 'resumed', check });
  return plane.ended((await submitBuild(plane.ports, submission)).build.id);
}
const ran = () => plane.agent.began.map((entry) => entry.split(' ')[1]);

describe('a build of an upload', () => {
  it('lets its builder fetch that one, and keeps it', async () => {
    const [used, other] = [await stored(), await stored()];
    const ended = await build(specOf(used.digest));
    expect(ended.failure).toBeUndefined();
    const [attempt] = await listAttempts(plane.ports.table, ended.id);
    expect(attempt?.value.blobs).toEqual({ [used.digest]: `uploads/${tenant}/${used.digest}` });
    expect(attempt?.value.blobs).not.toHaveProperty(other.digest);
    // Whoever has the image can tell by its provenance that this very file is in it.
    const [evidence] = (await listEvidence(plane.ports.table, ended.id)).filter(({ kind }) => kind === 'provenance');
    const text = await plane.ports.blobs.get(artifactPlace(tenant, evidence?.sha256 ?? '-'));
    const { buildDefinition } = statementSchema.parse(readJson(text ?? new Uint8Array())).predicate;
    expect(buildDefinition.resolvedDependencies).toContainEqual({
      uri: expect.stringContaining(used.digest),
      digest: { sha256: used.digest },
    });
    expect(buildDefinition.externalParameters.spec).toMatchObject({ files: [{ upload: used.digest }] });
    // What is made already needs it no more.
    await plane.ports.blobs.delete(uploadPlace(tenant, used.digest));
    const again = await build(specOf(used.digest));
    expect([again.state, ran()]).toEqual(['succeeded', []]);
  });

  it('ends where it is gone before its stage begins, and goes on when it is there again', async () => {
    const { digest, bytes } = await declared();
    const ended = await build(specOf(digest));
    expect([ended.state, ended.failure?.code]).toEqual(['failed', 'upload.gone']);
    expect(ended.failure?.reason).toContain(digest);
    expect(ended.failure?.remedy).toContain('lbuild uploads add');
    expect(ran()).toEqual([]);
    await put(digest, bytes);
    const next = await resumed(ended);
    expect([next.state, ran().includes('files')]).toEqual(['succeeded', true]);
  });

  it('takes nothing that the store holds under another checksum', async () => {
    const { digest } = await declared();
    await put(digest, randomBytes(1_000));
    expect((await getUpload(plane.ports, tenant, digest)).storedAt).toBeUndefined();
    expect((await build(specOf(digest))).failure?.code).toBe('upload.gone');
  });

  it("is no build of another tenant's", async () => {
    const { digest } = await stored();
    const theirs = await plane.submit(specOf(digest, 'theirs'), {}, 'ten_2');
    expect((await plane.ended(theirs.id)).failure?.code).toBe('upload.gone');
  });

  it('finds out that its bytes were damaged on the disk, and takes them once they are sent again', async () => {
    const { digest, bytes } = await stored();
    const file = plane.fileOf(uploadPlace(tenant, digest).path);
    const { atime, mtime } = statSync(file);
    const worn = readFileSync(file);
    worn[0] = (worn[0] ?? 0) ^ 1;
    chmodSync(file, 0o600);
    writeFileSync(file, worn);
    utimesSync(file, atime, mtime);
    const ended = await build(specOf(digest));
    expect([ended.state, ended.failure?.code, await isThere(digest)]).toEqual(['failed', 'upload.gone', false]);
    const { upload } = await declareUpload(plane.ports, tenant, { sha256: digest, size: bytes.length });
    expect(upload.storedAt).toBeUndefined();
    await put(digest, bytes);
    expect((await resumed(ended)).state).toBe('succeeded');
  });
});

describe('the sweep of uploads', () => {
  it('removes what nobody has used for 30 days, and what never came after one', async () => {
    // What other tests have left goes first.
    await sweepUploads(inDays(32));
    const before = (await room()) ?? 0;
    const [kept, pending] = [await stored(), await declared()];
    expect(await room()).toBe(before + 2_000);
    await sweepUploads(inDays(0.9));
    expect(await recordOf(pending.digest)).toBeDefined();
    await sweepUploads(inDays(1.1));
    expect([await recordOf(pending.digest), await room()]).toEqual([undefined, before + 1_000]);
    await sweepUploads(inDays(29.9));
    expect([await isThere(kept.digest), await recordOf(kept.digest)]).toEqual([true, expect.anything()]);
    await sweepUploads(inDays(30.1));
    expect([await isThere(kept.digest), await recordOf(kept.digest)]).toEqual([false, undefined]);
    await expect(getUpload(plane.ports, tenant, kept.digest)).rejects.toMatchObject({ code: 'upload.not_found' });
    const fresh = await declareUpload(plane.ports, tenant, { sha256: kept.digest, size: 1_000 });
    expect(fresh).toMatchObject({ created: true });
  });

  it('keeps what came though nobody has asked since, for 30 days from then', async () => {
    const { digest, bytes } = await declared();
    await put(digest, bytes);
    await sweepUploads(inDays(2));
    expect(Date.parse(String((await recordOf(digest))?.expiresAt))).toBeGreaterThan(Date.now() + 31.9 * day);
    await sweepUploads(inDays(33));
    expect(await isThere(digest)).toBe(false);
  });

  it('keeps what a build needs that has not ended, however long that takes', async () => {
    const { digest } = await stored();
    const { table, ids, clock } = plane.ports;
    const id = ids.next('bld');
    const waiting = {
      ...{ id, tenantId: tenant, keyId: 'key_1', name: 'waiting', state: 'awaiting_approval' as const },
      ...{ specDigest: 'a'.repeat(64), submittedAt: clock.now().toISOString() },
    };
    await table.transact([
      buildWrite(waiting, 'absent'),
      { kind: 'put', key: specKey(id), data: toJsonObject(specOf(digest)) },
    ]);
    await sweepUploads(inDays(40));
    expect(await isThere(digest)).toBe(true);
    await sweepUploads(inDays(80));
    expect(await isThere(digest)).toBe(true);
    await table.transact([buildWrite({ ...waiting, state: 'rejected' }, 1)]);
    await sweepUploads(inDays(120));
    expect(await isThere(digest)).toBe(false);
  });

  it('removes nothing that is used while it sweeps', async () => {
    const { digest } = await stored();
    const later = inDays(31);
    const { table } = later;
    const racing: Ports = {
      ...later,
      table: {
        ...table,
        get: (key) => table.get(key),
        transact: (writes) => table.transact(writes),
        query: async (query) => {
          const page = await table.query(query);
          if (query.partition === 'UPLOADS') await useUploads(later, tenant, [digest]);
          return page;
        },
      },
    };
    await sweepUploads(racing);
    expect(await isThere(digest)).toBe(true);
    expect((await getUpload(later, tenant, digest)).storedAt).toBeDefined();
  });

  it('is finished by the next one where it was cut short, and until then the upload is not there', async () => {
    const { digest, bytes } = await stored();
    const later = inDays(31);
    const cut: Ports = { ...later, blobs: { ...later.blobs, delete: () => Promise.reject(new Error('cut short')) } };
    await expect(sweepUploads(cut)).rejects.toThrow('cut short');
    await expect(getUpload(later, tenant, digest)).rejects.toMatchObject({ code: 'upload.not_found' });
    expect(await useUploads(later, tenant, [digest])).toEqual(new Map());
    const declaring = declareUpload(later, tenant, { sha256: digest, size: bytes.length });
    await expect(declaring).rejects.toMatchObject({ code: 'service.unavailable' });
    const swept = await eventHandlers.evictCache(later, {});
    expect(swept).toMatchObject({ uploads: { removed: expect.any(Number) } });
    expect([await recordOf(digest), await isThere(digest)]).toEqual([undefined, false]);
  });

  it('notes a use to within some seconds only', async () => {
    const { digest } = await stored();
    await useUploads(plane.ports, tenant, [digest]);
    const before = await recordOf(digest);
    await useUploads(plane.ports, tenant, [digest]);
    expect(await recordOf(digest)).toEqual(before);
    const [used] = (await useUploads(inDays(0.1), tenant, [digest])).values();
    expect(Date.parse(used?.expiresAt ?? '')).toBeGreaterThan(Date.now() + uploadLimits.keptMilliseconds + 0.09 * day);
  });
});
