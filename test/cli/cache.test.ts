import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ResultRecord } from '../../core/builds/build-record.ts';
import { resultWrite } from '../../core/builds/stage-repository.ts';
import { sha256 } from '../../core/digest.ts';
import { exampleYaml } from '../functions/api/example-spec.ts';
import { type CliUnderTest, fileIn, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
let operator: { LBUILD_URL: string; LBUILD_API_KEY: string };
beforeAll(async () => {
  cli = await openCli();
  operator = { LBUILD_URL: cli.api.url, LBUILD_API_KEY: cli.tenant.keys.operator };
  await cli.api.ports.table.transact(
    ['old', 'middle', 'new'].map((name, position) => resultWrite(cli.tenant.tenantId, resultOf(name, position))),
  );
  await cli.api.ports.table.transact([resultWrite('shared', resultOf('pooled', 0))]);
});
afterAll(() => cli?.close());

const keyOf = (name: string) => sha256(`key of ${name}`);
/** A result that was last used ten, five or no days ago. */
function resultOf(name: string, position: number): ResultRecord {
  const digest = sha256(name);
  const at = new Date(Date.now() - (10 - 5 * position) * 86_400_000).toISOString();
  const made = { module: { step: name, digest, size: 1_500_000, layers: ['bootstrap'] } };
  return { key: keyOf(name), program: 'module', step: name, ...made, facts: {}, buildId: `bld_${name}`, at };
}
const keysIn = (text: string) => [...text.matchAll(/\b[0-9a-f]{64}\b/g)].map(([key]) => key);

describe('lbuild cache', () => {
  it('ls lists the last used first, page by page, for people and for programs', async () => {
    const { code, out } = await cli.run(['cache', 'ls']);
    expect([code, keysIn(out)]).toEqual([0, [keyOf('new'), keyOf('middle'), keyOf('old')]]);
    expect(out).toMatch(/ {2}tenant {2}module +1\.5 MB +0 hits {2}[0-9a-f]{64} {2}bld_new {2}module:new$/m);
    const page = await cli.run(['cache', 'ls', '--limit', '2', '--json']);
    const { entries, cursor } = z
      .object({ entries: z.array(z.looseObject({ key: z.string() })), cursor: z.string() })
      .parse(JSON.parse(page.out));
    expect(entries.map(({ key }) => key)).toEqual([keyOf('new'), keyOf('middle')]);
    const rest = await cli.run(['cache', 'ls', '--cursor', cursor]);
    expect(keysIn(rest.out)).toEqual([keyOf('old')]);
    expect((await cli.run(['cache', 'ls', '--program', 'iso'])).out).toBe('');
    const pool = await cli.run(['cache', 'ls', '--scope', 'pool']);
    expect([pool.code, pool.err]).toEqual([4, expect.stringContaining('[access.forbidden]')]);
    expect(keysIn((await cli.run(['cache', 'ls', '--scope', 'pool'], { environment: operator })).out)).toEqual([
      keyOf('pooled'),
    ]);
  });

  it('stats adds up', async () => {
    const { code, out } = await cli.run(['cache', 'stats']);
    expect([code, out]).toEqual([0, expect.stringMatching(/^tenant {2}module +3 results +4\.5 MB$/m)]);
    expect(out).not.toContain('limit');
    const all = await cli.run(['cache', 'stats', '--days', '7'], { environment: operator });
    expect(all.out).toMatch(/^limit +21\.47 GB$/m);
  });

  it('explain tells why a spec would miss, and of a build why it did', async () => {
    const spec = await fileIn(cli.folder, 'spec.yaml', exampleYaml);
    const { code, out } = await cli.run(['cache', 'explain', spec]);
    expect([code, out]).toEqual([0, expect.stringMatching(/^ {4}bootstrap +miss .*nothing is cached yet$/m)]);
    const missing = await cli.run(['cache', 'explain', 'bld_00000000000000000000000000']);
    expect([missing.code, missing.err]).toEqual([3, expect.stringContaining('[build.not_found]')]);
  });

  it('rm takes keys, or a program and an age, and says what it did', async () => {
    for (const wrong of [[], [keyOf('old'), '--program', 'module'], ['--older-than', 'yesterday']]) {
      expect((await cli.run(['cache', 'rm', ...wrong])).code, wrong.join(' ')).toBe(2);
    }
    const none = await cli.run(['cache', 'rm', '--program', 'iso', '--older-than', '1h']);
    expect([none.code, none.out]).toEqual([0, '']);
    const old = await cli.run(['cache', 'rm', '--older-than', '7d']);
    expect([old.code, old.out]).toEqual([0, `${keyOf('old')}  module  1.5 MB\n`]);
    expect((await cli.run(['cache', 'rm', keyOf('old')])).code).toBe(3);
    const one = await cli.run(['cache', 'rm', keyOf('middle'), '--json']);
    expect(JSON.parse(one.out)).toMatchObject({ removed: [{ key: keyOf('middle') }], kept: [] });
    expect((await cli.run(['cache', 'rm', keyOf('pooled'), '--shared'])).code).toBe(4);
    const pooled = await cli.run(['cache', 'rm', '--program', 'module', '--shared'], { environment: operator });
    expect(keysIn(pooled.out)).toEqual([keyOf('pooled')]);
    expect(keysIn((await cli.run(['cache', 'ls'])).out)).toEqual([keyOf('new')]);
  });

  it('warm starts a build a preset and spec, for the operator', async () => {
    expect((await cli.run(['cache', 'warm'])).code).toBe(4);
    const spec = await fileIn(cli.folder, 'warm.yaml', exampleYaml);
    const { code, out } = await cli.run(['cache', 'warm', '--preset', 'minimal', '--file', spec], {
      environment: operator,
    });
    expect([code, out]).toEqual([0, expect.stringMatching(/^bld_\w+ .* minimal\nbld_\w+ .* edge-web\n$/)]);
    const unknown = await cli.run(['cache', 'warm', '--preset', 'maximal'], { environment: operator });
    expect([unknown.code, unknown.err]).toEqual([3, expect.stringContaining('[preset.not_found]')]);
  });
});
