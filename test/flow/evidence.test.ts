import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { wholeTenant } from '../../core/access/reach.ts';
import type { BuildDetail } from '../../core/builds/build-view.ts';
import { listEvidence } from '../../core/builds/evidence-record.ts';
import { buildKey, evidenceKey, resultKey, specKey } from '../../core/builds/keys.ts';
import type { PackageStanza } from '../../core/builds/layer-index.ts';
import { artifactPlace, blobPlace, planPlace } from '../../core/builds/places.ts';
import { loadPlan, planStep, scopeOf } from '../../core/builds/plan-store.ts';
import { findResult, listArtifacts } from '../../core/builds/stage-repository.ts';
import type { RunOptions } from '../../core/builds/submit-build.ts';
import { sha256 } from '../../core/digest.ts';
import { EngineError } from '../../core/errors.ts';
import { usualEvidence } from '../../core/evidence/evidence-file.ts';
import { statementSchema } from '../../core/evidence/statement.ts';
import { type FoundFile, type TrustedKey, verifyEvidence } from '../../core/evidence/verification.ts';
import { readJson, utf8 } from '../../core/json.ts';
import type { Signer } from '../../core/ports/signer.ts';
import { imagePlace } from '../../core/retention/places.ts';
import { requestCancel } from '../../core/sharing/cancel.ts';
import type { ResolvedSpec } from '../../core/spec/schema.ts';
import { handle as finalizeBuild } from '../../functions/orchestration/finalize-build/finalize-build.ts';
import { archive, specWith } from '../core/plan/plan-fixtures.ts';
import { type ControlPlane, useControlPlane } from '../support/control-plane.ts';

let plane: ControlPlane;
useControlPlane(archive, (opened) => {
  plane = opened;
});

const tenant = 'ten_1';
const stanza = (name: string, version: string): PackageStanza => {
  return { name, version, architecture: 'amd64', status: 'install ok installed', source: name, sourceVersion: version };
};
const specOf = (hostname: string, run = 'echo one'): ResolvedSpec =>
  specWith({
    system: { hostname },
    users: [{ name: 'ops', passwordHash: `$y$j9T$abcdefghij$${'k'.repeat(43)}` }],
    steps: [{ id: 'script', run }],
    outputs: [{ type: 'tar' }],
  });

async function build(spec: ResolvedSpec, run: RunOptions = {}): Promise<BuildDetail> {
  return plane.ended((await plane.submit(spec, run)).id);
}

/** All files of a build as whoever downloads them has them. */
async function filesOf(ended: { readonly id: string }): Promise<FoundFile[]> {
  const { table, blobs } = plane.ports;
  const listed = [...(await listArtifacts(table, ended.id)), ...(await listEvidence(table, ended.id))];
  return Promise.all(
    listed.map(async ({ name, sha256: digest }) => {
      const bytes = await blobs.get(artifactPlace(tenant, digest));
      if (bytes === undefined) throw new Error(`${name} is not stored`);
      return { name, size: bytes.length, sha256: sha256(bytes), bytes };
    }),
  );
}

async function trusted(): Promise<TrustedKey> {
  const { keyId, publicKey } = await plane.ports.signer.key();
  return { keyId, verify: (bytes, signature) => verify('sha256', bytes, createPublicKey(publicKey), signature) };
}

const bytesOf = (files: readonly FoundFile[], name: string): Uint8Array =>
  files.find((file) => file.name === name)?.bytes ?? utf8('');

/** Place of the index of a step's layer. */
async function indexOf(ended: { readonly id: string }, stepId: string) {
  const step = planStep(await loadPlan(plane.ports.blobs, ended.id), stepId);
  const scope = scopeOf(step, tenant);
  const result = await findResult(plane.ports.table, scope, step.key);
  return { place: blobPlace(scope, result?.layer?.index ?? '-'), result };
}

/**
 * A build whose stages are settled and that nobody has ended, as a copy of one that is over: no execution knows of it,
 * so none of the engine's functions ends it but the one that the test calls.
 */
async function unended(spec: ResolvedSpec): Promise<string> {
  const { table, blobs, ids } = plane.ports;
  const { id } = await build(spec);
  const copy = ids.next('bld');
  const { records } = await table.query({ partition: buildKey(id).partition, limit: 1_000 });
  for (const { key, data } of records) {
    if ([buildKey(id).sort, evidenceKey(id).sort, imagePlace(id).sort].includes(key.sort)) continue;
    await table.transact([{ kind: 'put', key: { ...key, partition: buildKey(copy).partition }, data }]);
  }
  const specData = (await table.get(specKey(id)))?.data ?? {};
  await table.transact([{ kind: 'put', key: specKey(copy), data: specData }]);
  const plan = (await blobs.get(planPlace(id))) ?? utf8('');
  await blobs.put(planPlace(copy), plan, { contentType: 'application/json' });
  await unend(copy, id);
  return copy;
}

/** Takes the end of a build back, by the record of itself or of another one. */
async function unend(buildId: string, from = buildId): Promise<void> {
  const { table } = plane.ports;
  const members = Object.entries((await table.get(buildKey(from)))?.data ?? {}).filter(([name]) => name !== 'endedAt');
  const data = { ...Object.fromEntries(members), id: buildId, state: 'running' };
  await table.transact([
    { kind: 'put', key: buildKey(buildId), data },
    { kind: 'delete', key: evidenceKey(buildId) },
    { kind: 'delete', key: imagePlace(buildId) },
  ]);
}

describe('a build that succeeded', () => {
  it('has evidence that verifies, of what its layers hold', async () => {
    plane.agent.scripts.set('bootstrap', [{ packages: [stanza('base-files', '13.8'), stanza('dpkg', '1.22')] }]);
    plane.agent.scripts.set('script', [{ packages: [stanza('dpkg', '1.22'), stanza('local-tool', '1.0')] }]);
    const ended = await build(specOf('proven'));
    expect(ended.failure).toBeUndefined();
    const stored = await listEvidence(plane.ports.table, ended.id);
    expect(stored.map(({ kind }) => kind).sort()).toEqual([...usualEvidence].sort());
    expect(ended.evidence).toEqual(
      stored.map(({ name, kind, size, sha256: digest }) => {
        const downloadUrl = `http://127.0.0.1/v1/builds/${ended.id}/evidence/${name}`;
        return { name, kind, size, sha256: digest, downloadUrl };
      }),
    );
    const files = await filesOf(ended);
    const { findings, verified } = verifyEvidence(files, await trusted(), true);
    expect({ findings, verified }).toEqual({ findings: [], verified: files.map(({ name }) => name).sort() });
    const packages = Buffer.from(bytesOf(files, 'packages.jsonl')).toString('utf8').trim().split('\n');
    expect(packages.map((line) => JSON.parse(line).name)).toEqual(['dpkg', 'local-tool']);
    const { predicate } = statementSchema.parse(readJson(bytesOf(files, 'provenance.intoto.json')));
    expect(predicate.buildDefinition.internalParameters).toEqual({
      ...{ planDigest: ended.planDigest, specDigest: ended.specDigest, toolchain: 'c'.repeat(64), mode: 'contained' },
      sourceDateEpoch: 1_764_000_000,
    });
    const plan = await loadPlan(plane.ports.blobs, ended.id);
    const made = predicate.buildDefinition.resolvedDependencies.flatMap(({ name }) =>
      name === undefined ? [] : [name],
    );
    expect(made).toEqual(plan.steps.filter(({ produces }) => produces === 'layer').map(({ id }) => id));
    const { startedOn, finishedOn, invocationId } = predicate.runDetails.metadata;
    expect(invocationId).toContain(ended.id);
    expect(startedOn).toBe(ended.startedAt);
    expect(Date.parse(finishedOn)).toBeGreaterThanOrEqual(Date.parse(startedOn));
    expect(Date.parse(finishedOn)).toBeLessThanOrEqual(Date.parse(ended.endedAt ?? ''));
    expect(files.map(({ bytes = utf8('') }) => Buffer.from(bytes).toString('latin1')).join()).not.toContain('$y$');
  });

  it('keeps its evidence where it is finalised again', async () => {
    const ended = await build(specOf('again'));
    const before = await listEvidence(plane.ports.table, ended.id);
    const refusing: Signer = {
      key: () => Promise.reject(new Error('asked')),
      sign: () => Promise.reject(new Error('asked')),
    };
    const again = await finalizeBuild({ ...plane.ports, signer: refusing }, { buildId: ended.id });
    expect(again).toEqual({ buildId: ended.id, state: 'succeeded' });
    expect(await listEvidence(plane.ports.table, ended.id)).toEqual(before);
  });

  it('gets the same evidence but for the signature where it ended before that was kept', async () => {
    const id = await unended(specOf('twice'));
    await finalizeBuild(plane.ports, { buildId: id });
    const before = await listEvidence(plane.ports.table, id);
    await unend(id);
    await finalizeBuild(plane.ports, { buildId: id });
    const after = await listEvidence(plane.ports.table, id);
    const unsigned = (files: typeof before) => files.filter(({ kind }) => kind !== 'signature');
    expect(unsigned(after)).toEqual(unsigned(before));
    expect(after).toHaveLength(usualEvidence.length);
    expect(verifyEvidence(await filesOf({ id }), await trusted(), true).findings).toEqual([]);
  });

  it('tells of the layers that it has, whatever became of what its keys point to', async () => {
    const id = await unended(specOf('evicted'));
    const { result } = await indexOf({ id }, 'script');
    const plan = await loadPlan(plane.ports.blobs, id);
    const key = resultKey(scopeOf(planStep(plan, 'script'), tenant), planStep(plan, 'script').key);
    await plane.ports.table.transact([{ kind: 'delete', key }]);
    expect(await finalizeBuild(plane.ports, { buildId: id })).toMatchObject({ state: 'succeeded' });
    const statement = statementSchema.parse(readJson(bytesOf(await filesOf({ id }), 'provenance.intoto.json')));
    const { resolvedDependencies } = statement.predicate.buildDefinition;
    expect(resolvedDependencies.find(({ name }) => name === 'script')?.digest.sha256).toBe(result?.layer?.digest);
  });

  it('has the same bills of materials as another build of its plan, and a provenance of its own', async () => {
    const [one, other] = [await build(specOf('same')), await build(specOf('same'))];
    const digestsOf = async (ended: BuildDetail) =>
      new Map((await listEvidence(plane.ports.table, ended.id)).map((file) => [file.kind, file.sha256]));
    const [first, second] = [await digestsOf(one), await digestsOf(other)];
    for (const kind of ['packages', 'spdx', 'cyclonedx', 'spec'] as const)
      expect(second.get(kind)).toBe(first.get(kind));
    expect(second.get('provenance')).not.toBe(first.get('provenance'));
  });

  it('makes none where it made no artifact', async () => {
    const warm = await build(specOf('warm'), { purpose: 'warm' });
    expect([warm.state, warm.evidence]).toEqual(['succeeded', []]);
  });
});

describe('a build that did not succeed has none', () => {
  it('where a step failed', async () => {
    plane.agent.scripts.set('script', [{ fails: 'script.failed' }]);
    const ended = await build(specOf('failed'));
    expect([ended.state, ended.evidence]).toEqual(['failed', []]);
    expect(await listEvidence(plane.ports.table, ended.id)).toEqual([]);
  });

  it('where it was cancelled', async () => {
    plane.agent.scripts.set('script', [{ milliseconds: 60_000 }]);
    const submitted = await plane.submit(specOf('cancelled'));
    while (!plane.agent.began.includes(`${submitted.id} script`))
      await new Promise((resolve) => setTimeout(resolve, 10));
    await requestCancel(plane.ports, wholeTenant(tenant), submitted.id);
    const ended = await plane.ended(submitted.id);
    expect([ended.state, ended.evidence]).toEqual(['cancelled', []]);
    expect(await listEvidence(plane.ports.table, ended.id)).toEqual([]);
  });

  it('where it was cancelled while its evidence was made: it is of no build', async () => {
    const id = await unended(specOf('late'));
    const { signer, table } = plane.ports;
    const late: Signer = {
      key: () => signer.key(),
      sign: async (bytes) => {
        const key = buildKey(id);
        const record = await table.get(key);
        const data = { ...record?.data, state: 'cancelled', endedAt: new Date().toISOString() };
        await table.transact([{ kind: 'put', key, data }]);
        return signer.sign(bytes);
      },
    };
    expect(await finalizeBuild({ ...plane.ports, signer: late }, { buildId: id })).toMatchObject({
      state: 'cancelled',
    });
    expect(await listEvidence(table, id)).toEqual([]);
  });

  it('where nobody signs: it is not ended, and tried again', async () => {
    const id = await unended(specOf('unsigned'));
    const away = new EngineError('service.unavailable', 'KMS does not answer.');
    const signer: Signer = { key: () => plane.ports.signer.key(), sign: () => Promise.reject(away) };
    await expect(finalizeBuild({ ...plane.ports, signer }, { buildId: id })).rejects.toBe(away);
    expect(await listEvidence(plane.ports.table, id)).toEqual([]);
    expect(await finalizeBuild(plane.ports, { buildId: id })).toMatchObject({ state: 'succeeded' });
    expect(await listEvidence(plane.ports.table, id)).toHaveLength(usualEvidence.length);
  });
});

describe('an index that is no index', () => {
  it.each([
    ['is gone', undefined],
    ['is no zstd', utf8('index')],
    ['is empty', utf8('')],
  ])(
    'where it %s: what is in the image cannot be told, and the next build makes the layer again',
    async (how, bytes) => {
      const spec = specOf(`index-${how.replaceAll(' ', '-')}`);
      const first = await build(spec);
      const { place } = await indexOf(first, 'script');
      if (bytes === undefined) await plane.ports.blobs.delete(place);
      else await plane.ports.blobs.put(place, bytes, { contentType: 'application/octet-stream' });
      const second = await build(spec);
      expect([second.state, second.failure?.code, second.failure?.step]).toEqual(['failed', 'layer.damaged', 'script']);
      expect(second.evidence).toEqual([]);
      plane.agent.began.length = 0;
      const third = await build(spec);
      expect([third.state, third.evidence.length]).toEqual(['succeeded', usualEvidence.length]);
      expect(plane.agent.began.map((entry) => entry.split(' ')[1])).toContain('script');
    },
  );

  it('is not where the store only does not answer', async () => {
    const id = await unended(specOf('away'));
    const { blobs, table } = plane.ports;
    const away = new EngineError('service.unavailable', 'S3 does not answer.');
    const { place, result } = await indexOf({ id }, 'script');
    const broken = { ...plane.ports, blobs: withGet(blobs, place.path, away) };
    await expect(finalizeBuild(broken, { buildId: id })).rejects.toBe(away);
    expect((await indexOf({ id }, 'script')).result).toEqual(result);
    expect(await table.get(evidenceKey(id))).toBeUndefined();
  });
});

/** The store, but that one object cannot be read. */
function withGet(blobs: ControlPlane['ports']['blobs'], path: string, error: Error): ControlPlane['ports']['blobs'] {
  return {
    ...blobs,
    get: (place, range) => (place.path === path ? Promise.reject(error) : blobs.get(place, range)),
  };
}
