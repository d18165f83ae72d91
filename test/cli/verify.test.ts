import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type VerificationRecord, verificationWrite } from '../../core/verify/verification.ts';
import { exampleSpec } from '../functions/api/example-spec.ts';
import { forceState } from '../functions/api/stored-build.ts';
import { storeImage } from '../functions/api/stored-image.ts';
import { type CliUnderTest, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
let id: string;
beforeAll(async () => {
  cli = await openCli();
  id = (await storeImage(cli.api.ports, cli.tenant.tenantId, exampleSpec, {})).id;
});
afterAll(() => cli?.close());

const build = z.looseObject({ id: z.string() });
type Findings = Omit<VerificationRecord, 'build' | 'at'>;

/** Verifies and waits, while the verification ends with these findings; without them it fails. */
async function waited(name: string, findings: Findings | undefined, more: readonly string[] = []) {
  const args = ['verify', id, '--idempotency-key', name];
  const started = build.parse(JSON.parse((await cli.run([...args, '--json'])).out));
  if (findings !== undefined) {
    const record = { build: started.id, at: '2026-11-26T00:00:00.000Z', ...findings };
    await cli.api.ports.table.transact([verificationWrite(id, record)]);
  }
  const failure = { code: 'archive.gone', reason: 'The archive no longer has /pool/a.deb.', logTail: [] };
  if (findings === undefined) await forceState(cli.api.ports, started.id, 'failed', { failure });
  else await forceState(cli.api.ports, started.id, 'succeeded');
  return { started, ...(await cli.run([...args, '--wait', ...more])) };
}
const same: Findings = {
  verdict: 'identical',
  artifacts: [{ step: 'tar', type: 'tar', same: true, before: 'a'.repeat(64), after: 'a'.repeat(64) }],
  layers: [{ step: 'bootstrap', same: true }],
};
const other: Findings = {
  verdict: 'different',
  artifacts: [{ step: 'tar', type: 'tar', same: false, before: 'a'.repeat(64), after: 'b'.repeat(64) }],
  layers: [{ step: 'odd', same: false }],
  first: {
    ...{ step: 'odd', count: 2 },
    files: [
      { path: 'srv/\u001b[2Jnow', differs: ['digest', 'mtime'], before: { type: 'file' }, after: { type: 'file' } },
    ],
  },
  incomplete: { code: 'layer.evicted', detail: 'The layer of the step x is no longer stored.' },
};

describe('lbuild verify', () => {
  it('starts a verification, and prints the new id first', async () => {
    const { code, out } = await cli.run(['verify', id]);
    expect([code, out]).toEqual([0, expect.stringMatching(/^bld_[0-9A-Z]{26} {2}submitted .* edge-web\n$/)]);
  });

  it('exits 0 where the same came out', async () => {
    const { code, out } = await waited('same', same);
    expect([code, out]).toEqual([0, expect.stringMatching(/\nidentical\ntar {8}the same\n$/)]);
  });

  it('exits 9 where something else did, and names step and paths', async () => {
    const { code, out } = await waited('other', other);
    expect(code).toBe(9);
    expect(out).toContain(`\ntar        differs: ${'a'.repeat(64)} -> ${'b'.repeat(64)}\n`);
    expect(out).toContain('the step odd is the first that differs, in 2 paths, of which these are the first 1:\n');
    expect(out).toContain('  ~ /srv/now  digest, mtime\n');
    expect(out).toContain('[layer.evicted]');
    expect(out).not.toContain('\u001b');
  });

  it('--json answers one document', async () => {
    const { code, out, started } = await waited('json', other, ['--json']);
    expect(code).toBe(9);
    expect(JSON.parse(out)).toMatchObject({
      build: { id: started.id, verifies: id },
      verification: { build: started.id, verdict: 'different' },
    });
  });

  it('exits as a build that failed where there is no verdict', async () => {
    const { code, out } = await waited('failed', undefined);
    expect([code, out]).toEqual([1, expect.stringContaining('no longer has /pool/a.deb.  [archive.gone]')]);
  });

  it('says why a build cannot be verified', async () => {
    const unfinished = (await storeImage(cli.api.ports, cli.tenant.tenantId, exampleSpec, {})).id;
    await forceState(cli.api.ports, unfinished, 'failed');
    const { code, err } = await cli.run(['verify', unfinished]);
    expect([code, err]).toEqual([7, expect.stringContaining('[build.not_succeeded]')]);
    expect((await cli.run(['verify', 'bld_none'])).code).toBe(3);
  });
});
