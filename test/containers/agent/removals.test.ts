import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Removals } from '../../../containers/builder/agent/removals.ts';

it('removes whole folders, and takes one that is not there for removed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-removals-'));
  mkdirSync(join(folder, 'tree/usr/bin'), { recursive: true });
  writeFileSync(join(folder, 'tree/usr/bin/true'), '');
  const removals = new Removals();
  removals.begin(join(folder, 'tree'));
  removals.begin(join(folder, 'nothing'));
  await removals.all();
  expect(existsSync(join(folder, 'tree'))).toBe(false);
  removals.begin(folder);
  await removals.all();
  expect(existsSync(folder)).toBe(false);
});

it('says at the end what could not be removed', async () => {
  const removals = new Removals();
  removals.begin('/proc/self/attr');
  await expect(removals.all()).rejects.toThrow();
});
