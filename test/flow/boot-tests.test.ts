import { describe, expect, it } from 'vitest';
import { type Grant, permissions } from '../../core/access/permissions.ts';
import { wholeTenant } from '../../core/access/reach.ts';
import type { BuildDetail } from '../../core/builds/build-view.ts';
import { listArtifacts } from '../../core/builds/stage-repository.ts';
import { EngineError } from '../../core/errors.ts';
import { requestCancel } from '../../core/sharing/cancel.ts';
import type { ResolvedSpec, SpecInput } from '../../core/spec/schema.ts';
import { downloadArtifact } from '../../functions/api/builds/download-artifact.ts';
import { downloadEvidence } from '../../functions/api/builds/download-evidence.ts';
import { listArtifacts as listed } from '../../functions/api/builds/list-artifacts.ts';
import { archive, specWith } from '../core/plan/plan-fixtures.ts';
import { type ControlPlane, useControlPlane } from '../support/control-plane.ts';

let plane: ControlPlane;
useControlPlane(archive, (opened) => {
  plane = opened;
});

const context = {
  requestId: 'req_1',
  principal: {
    ...{ tenantId: 'ten_1', memberId: 'mem_1', keyId: 'key_1', requestId: 'req_1' },
    grants: new Set<Grant>(permissions),
    teamGrants: new Map(),
    permissions: new Set(permissions),
  },
  reach: wholeTenant('ten_1'),
  signal: new AbortController().signal,
};
const specOf = (hostname: string, more: Partial<SpecInput> = {}): ResolvedSpec =>
  specWith({ system: { hostname }, outputs: [{ type: 'iso' }], tests: [{ boot: { firmware: ['bios'] } }], ...more });
const build = async (spec: ResolvedSpec): Promise<BuildDetail> => plane.ended((await plane.submit(spec)).id);
const input = <Params>(params: Params) => ({ params, query: {}, body: undefined as never, context });

async function published(id: string): Promise<string[]> {
  const { body } = await listed.handle(plane.ports, input({ id }));
  return body.artifacts.map(({ name }) => name);
}

/** The code with which a download is refused; undefined where it is given. */
async function refusal(download: Promise<unknown>): Promise<string | undefined> {
  try {
    await download;
    return undefined;
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    throw error;
  }
}

const artifactRefusal = (id: string) =>
  refusal(downloadArtifact.handle(plane.ports, input({ id, name: 'example.iso' })));
const evidenceRefusal = (id: string, name: string) =>
  refusal(downloadEvidence.handle(plane.ports, input({ id, name })));

const shown = (ended: BuildDetail) =>
  ended.evidence.filter(({ kind }) => kind === 'serial-log' || kind === 'screenshot').map(({ name }) => name);
const files = ['boot-test.iso.bios.log', 'boot-test.iso.bios.png'];

describe('a build whose boot test is passed', () => {
  it('publishes what it made, and keeps what the test showed', async () => {
    const ended = await build(specOf('good'));
    expect(ended).toMatchObject({ state: 'succeeded', percent: 100 });
    expect(await published(ended.id)).toEqual(['example.iso']);
    expect(await artifactRefusal(ended.id)).toBeUndefined();
    expect(shown(ended)).toEqual(files);
    for (const name of files) expect(await evidenceRefusal(ended.id, name)).toBeUndefined();
    // The test is no artifact, so no bill of materials nor checksum speaks of it.
    expect((await listArtifacts(plane.ports.table, ended.id)).map(({ step }) => step)).toEqual(['iso']);
  });

  it('is not tested again where image and tests are the same, and has the evidence all the same', async () => {
    await build(specOf('again'));
    plane.agent.began.length = 0;
    const ended = await build(specOf('again'));
    expect(plane.agent.began).toEqual([]);
    expect(shown(ended)).toEqual(files);
    expect(await artifactRefusal(ended.id)).toBeUndefined();
  });

  it('publishes nothing before it has succeeded', async () => {
    plane.agent.scripts.set('boot-test.iso.bios', [{ milliseconds: 100_000 }]);
    const { id } = await plane.submit(specOf('slow', { steps: [{ id: 'script', run: 'echo' }] }));
    while (!plane.agent.began.includes(`${id} boot-test.iso.bios`))
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await published(id)).toEqual([]);
    expect(await artifactRefusal(id)).toBe('artifact.not_found');
    await requestCancel(plane.ports, wholeTenant('ten_1'), id);
    expect((await plane.ended(id)).state).toBe('cancelled');
    expect(await published(id)).toEqual([]);
  });
});

describe('a build whose boot test is not passed', () => {
  it('fails with test.failed, publishes nothing, and gives out the log and the screen', async () => {
    plane.agent.scripts.set('boot-test.iso.bios', [{ fallsThrough: true }]);
    const ended = await build(specOf('bad', { outputs: [{ type: 'iso' }, { type: 'tar' }] }));
    expect(ended.state).toBe('failed');
    expect(ended.failure).toMatchObject({ code: 'test.failed', step: 'boot-test.iso.bios' });
    expect(ended.failure?.remedy).toContain('--evidence');
    // They are made, and kept for the next try; nobody gets them.
    expect((await listArtifacts(plane.ports.table, ended.id)).map(({ step }) => step).sort()).toEqual(['iso', 'tar']);
    expect(await published(ended.id)).toEqual([]);
    expect(await artifactRefusal(ended.id)).toBe('artifact.not_found');
    expect(ended.evidence.map(({ name }) => name)).toEqual(files);
    for (const name of files) expect(await evidenceRefusal(ended.id, name)).toBeUndefined();
    expect(await evidenceRefusal(ended.id, 'SHA256SUMS')).toBe('evidence.not_found');
  });

  it('is tested again by the next build, which makes nothing else again', async () => {
    plane.agent.scripts.set('boot-test.iso.bios', [{ fallsThrough: true }, {}]);
    await build(specOf('flaky'));
    plane.agent.began.length = 0;
    const ended = await build(specOf('flaky'));
    expect(plane.agent.began.map((entry) => entry.split(' ')[1])).toEqual(['boot-test.iso.bios']);
    expect(ended.state).toBe('succeeded');
    expect(await published(ended.id)).toEqual(['example.iso']);
  });
});
