import { afterAll, beforeAll, expect, it } from 'vitest';
import { createIds } from '../../../adapters/system/ids.ts';
import type { Clock } from '../../../core/ports/clock.ts';
import { readGauges } from '../../../core/telemetry/gauges.ts';
import { refreshData } from '../../../core/vulnerabilities/refresh.ts';
import { type MirrorFolder, openMirrorFolder, trackerFile } from '../../support/mirror-folder.ts';
import { openBench, type RetentionBench } from '../retention/retention-world.ts';

let bench: RetentionBench;
let folder: MirrorFolder;
beforeAll(async () => {
  bench = await openBench();
  folder = openMirrorFolder();
});
afterAll(async () => {
  await bench?.close();
  folder?.remove();
});

const hours = 3_600;
let now = Date.parse('2026-11-28T08:00:00.000Z');
const clock: Clock = {
  now: () => new Date(now),
  sleep: () => Promise.reject(new Error('nothing here sleeps')),
};
const pass = (seconds: number): void => {
  now += seconds * 1_000;
};
const issue = (status: string) => trackerFile({ bash: { 'CVE-2026-0001': { status } } });

it('vulnerability data ages while its mirror has nothing new or cannot be read, and only where there is a mirror', async () => {
  const ports = { table: bench.table, blobs: bench.blobs, clock, ids: createIds(clock) };
  const mirrored = { ...ports, vulnerabilityMirror: folder.mirror };
  const age = async (of: Parameters<typeof readGauges>[0] = mirrored) =>
    (await readGauges(of)).lbuild_vulnerability_data_age_seconds;
  const read = async () => (await refreshData(mirrored)).outcome;
  expect([await read(), await age()]).toEqual(['refused', 0]);

  folder.write(issue('open'));
  expect([await read(), await age()]).toEqual(['changed', 0]);
  pass(4 * hours);
  expect([await read(), await age()]).toEqual(['unchanged', 4 * hours]);
  folder.write({});
  pass(21 * hours);
  expect([await read(), await age(), await age(ports)]).toEqual(['refused', 25 * hours, 0]);
  folder.write(issue('undetermined'));
  expect([await read(), await age()]).toEqual(['changed', 0]);
});
