import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startExample } from '../functions/api/example-spec.ts';
import { forceState, storeArtifact, storeBootTest } from '../functions/api/stored-build.ts';
import { type CliUnderTest, openCli } from './engine-under-test.ts';

let cli: CliUnderTest;
let id = '';
beforeAll(async () => {
  cli = await openCli();
  id = await startExample(cli.api.url, cli.tenant.keys.owner);
  const { ports } = cli.api;
  await storeArtifact(ports, cli.tenant.tenantId, id, 'edge-web.tar.zst', 'the image');
  await storeBootTest(ports, cli.tenant.tenantId, id, {
    step: 'boot-test.iso.bios',
    passed: false,
    log: 'Kernel panic',
  });
  const failure = { code: 'test.failed', reason: 'iso with bios: the kernel gave up', logTail: [] };
  await forceState(ports, id, 'failed', { tested: true, failure });
});
afterAll(() => cli.close());

describe('a build that failed a boot test', () => {
  it('is shown with what its test left', async () => {
    const { out } = await cli.run(['status', id]);
    expect(out).toContain('boot tests showed: boot-test.iso.bios.log\n');
    expect(out).toContain('iso with bios: the kernel gave up  [test.failed]');
  });

  it('has nothing to download but that, which --evidence brings', async () => {
    const folder = path.join(cli.folder, 'out');
    const { code, err } = await cli.run(['download', id, '--to', folder]);
    expect(code).not.toBe(0);
    expect(err).toContain('has published no files');
    const named = await cli.run(['download', id, '--to', folder, '--name', 'edge-web.tar.zst']);
    expect(named.code).not.toBe(0);
    const brought = await cli.run(['download', id, '--to', folder, '--evidence']);
    expect([brought.code, brought.err]).toEqual([0, '']);
    expect(readdirSync(folder)).toEqual(['boot-test.iso.bios.log']);
    expect(readFileSync(path.join(folder, 'boot-test.iso.bios.log'), 'utf8')).toBe('Kernel panic');
  });
});
