import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sha256 } from '../../core/digest.ts';
import { lockFile } from '../../core/lock/build-lock.ts';
import { lockWrites, storeLock } from '../../core/lock/lock-store.ts';
import { resolvedSpecSchema } from '../../core/spec/resolve.ts';
import { lockOf } from '../core/lock/lock-samples.ts';
import { exampleSpec, exampleYaml } from '../functions/api/example-spec.ts';
import { storeImage } from '../functions/api/stored-image.ts';
import { type CliUnderTest, fileIn, openCli } from './engine-under-test.ts';

const lock = lockOf(resolvedSpecSchema.parse(exampleSpec));
const { bytes, sha256: digest } = lockFile(lock);
let cli: CliUnderTest;
let spec: string;
let id: string;
let unlocked: string;
beforeAll(async () => {
  cli = await openCli();
  spec = await fileIn(cli.folder, 'spec.yaml', exampleYaml);
  const { ports } = cli.api;
  unlocked = (await storeImage(ports, cli.tenant.tenantId, exampleSpec, {})).id;
  id = (await storeImage(ports, cli.tenant.tenantId, exampleSpec, {})).id;
  await storeLock(ports.blobs, cli.tenant.tenantId, lock);
  await ports.table.transact([...lockWrites({ id, tenantId: cli.tenant.tenantId }, digest)]);
});
afterAll(() => cli?.close());

describe('lbuild lock', () => {
  it('prints the lock of a build, to the byte, or writes it and prints its digest', async () => {
    const printed = await cli.run(['lock', id]);
    expect([printed.code, printed.out]).toEqual([0, new TextDecoder().decode(bytes)]);
    const file = path.join(cli.folder, 'image.lock.json');
    const written = await cli.run(['lock', id, '--output', file]);
    expect([written.code, written.out]).toEqual([0, `${digest}\n`]);
    expect(sha256(await readFile(file))).toBe(digest);
    const json = await cli.run(['lock', id, '--json']);
    expect(JSON.parse(json.out)).toEqual({ id, sha256: digest, lock: JSON.parse(printed.out) });
  });

  it('says of a build that it has none', async () => {
    const { code, err } = await cli.run(['lock', unlocked]);
    expect([code, err]).toEqual([7, expect.stringContaining('lock.not_recorded')]);
  });

  it('is what a build is started and planned from', async () => {
    // As an editor leaves it.
    const file = await fileIn(cli.folder, 'pretty.json', JSON.stringify(lock, null, 2));
    const { code, out } = await cli.run(['start', spec, '--lock', file, '--json']);
    expect(code).toBe(0);
    const { id: started } = z.looseObject({ id: z.string() }).parse(JSON.parse(out));
    const stored = await cli.api.ports.table.get({ partition: `SPEC#${started}`, sort: 'SPEC' });
    expect(stored?.data).toMatchObject({ lock: digest, name: 'edge-web' });
    const plan = await cli.run(['plan', spec, '--lock', file]);
    expect([plan.code, plan.out]).toEqual([0, expect.stringMatching(/^s1 {2}service: /m)]);
  });

  it.each([
    ['a file that is not there', 'absent.json', undefined, 'cannot be read'],
    ['a file that is no lock', 'other.json', '{"format":"lbuild-lock/2"}', 'is no lock: format'],
    ['a file that is no JSON', 'text.json', 'lock', 'cannot be read'],
  ])('refuses %s', async (_, name, content, reason) => {
    const file = content === undefined ? path.join(cli.folder, name) : await fileIn(cli.folder, name, content);
    const { code, err } = await cli.run(['start', spec, '--lock', file]);
    expect([code, err]).toEqual([2, expect.stringContaining(reason)]);
  });
});
