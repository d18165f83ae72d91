import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { buildViewSchema } from '../../../core/builds/build-view.ts';
import { uploadKey } from '../../../core/builds/keys.ts';
import { lockPlace } from '../../../core/builds/places.ts';
import { sha256 } from '../../../core/digest.ts';
import { lockFile } from '../../../core/lock/build-lock.ts';
import { resolvedSpecSchema } from '../../../core/spec/resolve.ts';
import { uploadLimits } from '../../../core/uploads/limits.ts';
import { readUploadRecord, uploadWrite } from '../../../core/uploads/upload-record.ts';
import { declaredUploadSchema, uploadViewSchema } from '../../../core/uploads/upload-view.ts';
import { lockOf } from '../../core/lock/lock-samples.ts';
import type { ApiUnderTest, TenantUnderTest } from './api-under-test.ts';
import { exampleSpec } from './example-spec.ts';
import { type Answer, call, problemOf, withoutRequestId } from './http-call.ts';
import { forceState } from './stored-build.ts';

type Put = NonNullable<z.output<typeof declaredUploadSchema>['put']>;

/** Sends bytes as a declaration says, or others. @returns the store's status */
async function send(put: Put | undefined, bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  if (put === undefined) throw new Error('there is nothing to send');
  const { 'content-length': _, ...headers } = put.headers;
  return (await call(put.url, { method: put.method, headers, body: bytes, ...typeOf(headers) })).status;
}
const typeOf = (headers: Readonly<Record<string, string>>) => {
  const type = headers['content-type'];
  return type === undefined ? {} : { type };
};

const withUploads = (...digests: string[]) => ({
  ...exampleSpec,
  // Not in the order of a resolved spec.
  files: [...digests.map((upload, index) => ({ path: `/srv/z${index}`, upload })), { path: '/srv/a', content: 'a' }],
});

/** Files that specs name by their digests. */
export function describeUploads(api: () => ApiUnderTest): void {
  describe('uploads', () => {
    let one: TenantUnderTest;
    let other: TenantUnderTest;
    beforeAll(async () => {
      [one, other] = await Promise.all([api().tenant('uploads'), api().tenant('others')]);
    });
    const post = (path: string, body: unknown, tenant = one) =>
      call(`${api().url}${path}`, { key: tenant.keys.builder, body: JSON.stringify(body) });
    const declare = (body: unknown, tenant = one) => post('/v1/uploads', body, tenant);
    const declared = (answer: Answer) => declaredUploadSchema.parse(answer.json());
    const read = (digest: string, tenant = one) =>
      call(`${api().url}/v1/uploads/${digest}`, { key: tenant.keys.viewer });
    const stateOf = async (digest: string) => uploadViewSchema.parse((await read(digest)).json()).state;
    const content = () => new Uint8Array(randomBytes(5_000));
    const said = (bytes: Uint8Array) => ({ sha256: sha256(bytes), size: bytes.byteLength });
    async function stored(tenant = one, bytes = content()) {
      const { put } = declared(await declare(said(bytes), tenant));
      expect(await send(put, bytes)).toBe(200);
      return sha256(bytes);
    }
    /** Changes the stored record, as time does. */
    async function alter(digest: string, change: { expiresAt?: string; removing?: true }) {
      const record = await api().ports.table.get(uploadKey(one.tenantId, digest));
      if (record === undefined) throw new Error('there is no such upload');
      await api().ports.table.transact([uploadWrite({ ...readUploadRecord(record).value, ...change }, record.version)]);
    }

    it('are declared, sent to the store, and there', async () => {
      const bytes = content();
      const answer = await declare({ ...said(bytes), name: 'model.bin' });
      expect([answer.status, answer.headers.get('location')]).toEqual([201, `/v1/uploads/${sha256(bytes)}`]);
      const upload = declared(answer);
      expect(upload).toMatchObject({ ...said(bytes), name: 'model.bin', state: 'pending' });
      expect(Date.parse(upload.expiresAt) - Date.parse(upload.createdAt)).toBe(uploadLimits.pendingMilliseconds);
      expect(upload.put?.headers).toMatchObject({
        'content-length': '5000',
        'x-amz-checksum-sha256': Buffer.from(sha256(bytes), 'hex').toString('base64'),
        'if-none-match': '*',
      });
      expect(await stateOf(sha256(bytes))).toBe('pending');
      expect(await send(upload.put, bytes)).toBe(200);
      const seen = uploadViewSchema.parse((await read(sha256(bytes))).json());
      expect(seen).toMatchObject({ ...said(bytes), name: 'model.bin', state: 'stored', createdAt: upload.createdAt });
      expect(Date.parse(seen.expiresAt) - Date.parse(seen.storedAt ?? '')).toBe(uploadLimits.keptMilliseconds);
      const again = await declare(said(bytes));
      expect([again.status, declared(again).put]).toEqual([200, undefined]);
      expect(declared(again)).toMatchObject({ state: 'stored', name: 'model.bin' });
      // The address serves once.
      expect(await send(upload.put, bytes)).toBe(412);
    });

    it('are not there where other bytes were sent', async () => {
      const bytes = content();
      const { put } = declared(await declare(said(bytes)));
      const flipped = Uint8Array.from(bytes, (byte, at) => (at === 0 ? byte ^ 1 : byte));
      expect(await send(put, flipped)).toBe(400);
      expect(await send(put, bytes.slice(1))).toBe(403);
      expect(await stateOf(sha256(bytes))).toBe('pending');
      // Nor where the digest is right and the size is not.
      const { put: shorter } = declared(await declare({ ...said(bytes), size: 4_999 }));
      expect(await send(shorter, bytes.slice(0, 4_999))).toBe(400);
      expect(await send(shorter, bytes)).toBe(403);
      expect(await stateOf(sha256(bytes))).toBe('pending');
      expect(await send(declared(await declare(said(bytes))).put, bytes)).toBe(200);
      expect(await stateOf(sha256(bytes))).toBe('stored');
      const conflict = await declare({ ...said(bytes), size: 4_999 });
      expect([conflict.status, problemOf(conflict).code]).toEqual([409, 'upload.size_conflict']);
      expect(problemOf(conflict).detail).toContain('5000');
    });

    it('are of one tenant, and another learns nothing of them', async () => {
      const bytes = content();
      const digest = await stored(one, bytes);
      const theirs = await read(digest, other);
      const none = await read('0'.repeat(64), other);
      expect([theirs.status, problemOf(theirs).code]).toEqual([404, 'upload.not_found']);
      expect(withoutRequestId(theirs)).toBe(withoutRequestId(none));
      const [refused, unknown] = await Promise.all(
        [digest, '0'.repeat(64)].map((name) => post('/v1/builds', withUploads(name), other)),
      );
      expect(refused?.status).toBe(422);
      expect(refused === undefined ? '' : withoutRequestId(refused)).toBe(
        unknown === undefined ? '-' : withoutRequestId(unknown),
      );
      const asked = declared(await declare(said(bytes), other));
      expect([asked.state, asked.put?.url.includes(other.tenantId)]).toEqual(['pending', true]);
      expect(await send(asked.put, bytes)).toBe(200);
      expect((await post('/v1/builds', withUploads(digest), other)).status).toBe(202);
    });

    it.each([
      ['a digest in upper case', { sha256: 'A'.repeat(64), size: 1 }, 'sha256'],
      ['a digest that is none', { sha256: '../../etc', size: 1 }, 'sha256'],
      ['no bytes', { sha256: 'a'.repeat(64), size: 0 }, 'size'],
      ['half a byte', { sha256: 'a'.repeat(64), size: 1.5 }, 'size'],
      ['a name with a slash', { sha256: 'a'.repeat(64), size: 1, name: 'a/b' }, 'name'],
      ['a name with a line end', { sha256: 'a'.repeat(64), size: 1, name: 'a\nb' }, 'name'],
      ['another field', { sha256: 'a'.repeat(64), size: 1, tenantId: 'ten_1' }, 'tenantId'],
    ])('are not declared with %s', async (_what, body, path) => {
      const answer = await declare(body);
      expect([answer.status, problemOf(answer).errors[0]?.path]).toEqual([400, path]);
    });

    it('are of at most 5 GiB, and of a tenant at most 100 GiB in all', async () => {
      const full = await api().tenant('full');
      const digestOf = (count: number) => sha256(`large ${count}`);
      const size = uploadLimits.bytes;
      const large = await declare({ sha256: digestOf(0), size: size + 1 }, full);
      expect([large.status, problemOf(large).code]).toEqual([422, 'upload.too_large']);
      for (let count = 0; count < 20; count += 1) {
        expect((await declare({ sha256: digestOf(count), size }, full)).status).toBe(201);
      }
      const more = await declare({ sha256: digestOf(20), size: 1 }, full);
      expect([more.status, problemOf(more).code]).toEqual([409, 'upload.no_room']);
      expect((await declare({ sha256: digestOf(3), size }, full)).status).toBe(200);
      // To say less than before makes no room: the address that was given is still good for all of it.
      expect((await declare({ sha256: digestOf(3), size: 1 }, full)).status).toBe(200);
      expect((await declare({ sha256: digestOf(20), size: 1 }, full)).status).toBe(409);
      expect((await declare({ sha256: digestOf(20), size: 1 })).status).toBe(201);
    });

    it('make one record, whoever declares one at the same time', async () => {
      const bytes = content();
      const answers = await Promise.all(Array.from({ length: 6 }, () => declare(said(bytes))));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 201]);
      expect(new Set(answers.map((answer) => declared(answer).createdAt)).size).toBe(1);
    });

    it('are listed, newest first, each once', async () => {
      const lister = await api().tenant('upload lister');
      const digests: string[] = [];
      for (let count = 0; count < 3; count += 1) digests.push(await stored(lister));
      digests.push(declared(await declare(said(content()), lister)).sha256);
      const seen: string[] = [];
      let query = '?limit=3';
      do {
        const answer = await call(`${api().url}/v1/uploads${query}`, { key: lister.keys.viewer });
        const { uploads, cursor } = answer.json() as { uploads: { sha256: string; state: string }[]; cursor?: string };
        seen.push(...uploads.map(({ sha256: digest, state }) => `${digest} ${state}`));
        query = cursor === undefined ? '' : `?limit=3&cursor=${cursor}`;
      } while (query !== '');
      const [first, ...rest] = digests.toReversed();
      expect(seen).toEqual([`${first} pending`, ...rest.map((digest) => `${digest} stored`)]);
    });

    it('must be there when a spec names them, wherever the engine is asked', async () => {
      const pending = declared(await declare(said(content()))).sha256;
      const spec = withUploads(await stored(), pending, '1'.repeat(64));
      const errors = [
        { path: 'files[1].upload', code: 'spec.unfinished_upload' },
        { path: 'files[2].upload', code: 'spec.unknown_upload' },
      ];
      for (const path of ['/v1/builds', '/v1/builds:plan']) {
        const answer = await post(path, spec);
        expect([answer.status, problemOf(answer).code]).toEqual([422, 'spec.invalid']);
        expect(problemOf(answer).errors).toMatchObject(errors);
        for (const { reason, remedy } of problemOf(answer).errors) {
          expect(reason).not.toBe('');
          expect(remedy).toContain('lbuild uploads add');
        }
      }
      expect((await post('/v1/specs/validate', spec)).json()).toMatchObject({ valid: false, errors });
    });

    it('must be there for a build from a lock too, and the lock for a build of uploads', async () => {
      const lock = lockOf(resolvedSpecSchema.parse(exampleSpec));
      const { sha256: digest } = lockFile(lock);
      const spec = withUploads(await stored());
      for (const path of ['/v1/builds', '/v1/builds:plan']) {
        const absent = await post(`${path}?lock=${digest}`, spec, one);
        expect([absent.status, problemOf(absent).code]).toEqual([404, 'lock.not_found']);
      }
      expect((await post('/v1/locks', lock)).status).toBe(201);
      for (const [path, status] of [
        ['/v1/builds', 202],
        ['/v1/builds:plan', 200],
      ] as const) {
        const without = await post(`${path}?lock=${digest}`, withUploads('2'.repeat(64)));
        expect([without.status, problemOf(without).errors.map(({ code }) => code)]).toEqual([
          422,
          ['spec.unknown_upload'],
        ]);
        const wrong = await post(`${path}?lock=${digest}`, { ...spec, packages: { install: ['zsh'] } });
        expect([wrong.status, problemOf(wrong).code]).toEqual([422, 'lock.does_not_fit']);
        expect((await post(`${path}?lock=${digest}`, spec)).status).toBe(status);
      }
    });

    it('are planned, and kept from when a build of them is started', async () => {
      const digest = await stored();
      expect(await stateOf(digest)).toBe('stored');
      const soon = new Date(Date.now() + 60_000).toISOString();
      await alter(digest, { expiresAt: soon });
      expect((await post('/v1/specs/validate', withUploads(digest))).json()).toMatchObject({ valid: true });
      const plan = await post('/v1/builds:plan', withUploads(digest));
      expect([plan.status, plan.text.includes(digest)]).toEqual([200, false]);
      expect(uploadViewSchema.parse((await read(digest)).json()).expiresAt).toBe(soon);
      expect((await post('/v1/builds', withUploads(digest))).status).toBe(202);
      const kept = Date.parse(uploadViewSchema.parse((await read(digest)).json()).expiresAt);
      expect(kept).toBeGreaterThan(Date.now() + uploadLimits.keptMilliseconds - 60_000);
    });

    it('must be there still when a build is retried, resumed or verified, and so must its lock', async () => {
      const digest = await stored();
      const lock = lockOf(resolvedSpecSchema.parse(exampleSpec));
      const place = lockPlace(one.tenantId, lockFile(lock).sha256);
      expect((await post('/v1/locks', lock)).status).toBe(201);
      const spec = { ...withUploads(digest), lock: lockFile(lock).sha256 };
      const build = buildViewSchema.parse((await post('/v1/builds', spec)).json());
      await forceState(api().ports, build.id, 'failed');
      const retried = () => call(`${api().url}/v1/builds/${build.id}:retry`, { method: 'POST', key: one.keys.owner });
      const resumed = () => call(`${api().url}/v1/builds/${build.id}:resume`, { method: 'POST', key: one.keys.owner });
      expect((await retried()).status).toBe(202);
      expect((await resumed()).status).toBe(202);
      const bytes = await api().ports.blobs.get(place);
      await api().ports.blobs.delete(place);
      for (const answer of [await retried(), await resumed()]) {
        expect([answer.status, problemOf(answer).code]).toEqual([404, 'lock.not_found']);
      }
      await api().ports.blobs.put(place, bytes ?? new Uint8Array(), { contentType: 'application/json' });
      await alter(digest, { removing: true });
      for (const answer of [await retried(), await resumed()]) {
        expect([answer.status, problemOf(answer).code]).toEqual([422, 'spec.invalid']);
        expect(problemOf(answer).errors).toMatchObject([{ code: 'spec.unknown_upload' }]);
      }
      expect((await read(digest)).status).toBe(404);
      const again = await declare({ sha256: digest, size: 5_000 });
      expect([again.status, again.headers.get('retry-after')]).toEqual([503, '5']);
    });
  });
}
