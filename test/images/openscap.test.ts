import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { complianceReportSchema } from '../../core/compliance/report.ts';
import type { Inspection } from '../../core/plan/programs/inspection.ts';
import { judgeInspection } from '../core/compliance/judged-tree.ts';
import { engineFolder, removeFolder } from '../support/engine.ts';
import { startEngineInProcess } from '../support/engine-in-process.ts';
import { leftoversOf } from '../support/leftovers.ts';
import { accountVariants } from '../support/openscap/account-variants.ts';
import { type Change, changeTree } from '../support/openscap/change-tree.ts';
import { type Outcome, oursOf, type Row, theirsOf, type Variant } from '../support/openscap/comparison.ts';
import { inspectFolder, settingsAlone } from '../support/openscap/inspect-folder.ts';
import { askDaemon, findInside, scan } from '../support/openscap/scanner.ts';
import { daemonIsGood, sshdVariants } from '../support/openscap/sshd-variants.ts';
import { ownerVariants, writableVariants } from '../support/openscap/writable-variants.ts';

const spec = {
  schemaVersion: 1 as const,
  name: 'judged-twice',
  base: { distribution: 'debian' as const, release: 'bookworm' as const, architecture: 'amd64' as const },
  packages: { install: ['openssh-server', 'cron', 'openscap-scanner', 'ssg-debian'] },
  compliance: { profiles: ['base' as const, 'soc2' as const] },
  outputs: [{ type: 'tar' as const }],
};

/** A built tree and variants of it, judged by our checks and by OpenSCAP that runs in it. */
describe('beside OpenSCAP', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lbuild-openscap-'));
  const tree = join(folder, 'tree');
  const aside = join(folder, 'aside');
  let reported: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    const directory = engineFolder();
    const engine = await startEngineInProcess(directory, { mode: 'contained' });
    try {
      const started = await engine.client.startBuild(spec);
      const ended = await engine.client.waitForBuild(started.id);
      expect(ended.failure).toBeUndefined();
      const [artifact] = await engine.client.builds.listArtifacts(started.id);
      const file = ended.evidence.find(({ name }) => name === 'compliance.json');
      if (artifact === undefined || file === undefined) throw new Error('the build has no image or no report');
      const image = await engine.client.downloadArtifact(started.id, artifact.name, folder);
      const { path } = await engine.client.builds.downloadEvidence(started.id, file, folder);
      const report = complianceReportSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
      reported = Object.fromEntries(report.results.map(({ check, state }) => [check, state]));
      for (const made of [tree, aside]) mkdirSync(made);
      const whole = ['--zstd', '--numeric-owner', '--delay-directory-restore', '--xattrs', '--xattrs-include=*'];
      execFileSync('tar', [...whole, '-xpf', image.path, '-C', tree]);
      // As systemd makes it at each boot: OpenSCAP looks there for the file systems that it may search.
      symlinkSync('../proc/self/mounts', join(tree, 'etc/mtab'));
    } finally {
      await engine.close();
      removeFolder(directory);
    }
  });
  afterAll(() => {
    expect(leftoversOf(folder)).toEqual({ processes: [], mounts: [], folders: [] });
    rmSync(folder, { recursive: true, force: true });
  });

  /** Judges the tree with a change in it, which is taken back. */
  async function withChange<T>(change: Change, judge: (found: Inspection) => T, only?: RegExp): Promise<T> {
    const undo = changeTree(tree, change, aside);
    try {
      return judge(await inspectFolder(tree, only));
    } finally {
      undo();
    }
  }

  const ours = (found: Inspection, { check, path }: Pick<Row, 'check' | 'path'>): string => {
    const { state, evidence } = judgeInspection(check, found, { spec: { outputs: spec.outputs } });
    if (path === undefined || state !== 'fail') return state;
    return evidence.some((line) => line.startsWith(`/${path}: `)) ? 'fail' : 'pass';
  };
  const theirs = (outcomes: ReadonlyMap<string, Outcome>, { definitions }: Row): string =>
    definitions.every((id) => outcomes.get(id) === 'pass') ? 'pass' : 'fail';

  /** What is judged differently than it is written down, a line a row. */
  const differences = (found: Inspection, { rows }: Variant): string[] => {
    const outcomes = scan(tree, [...new Set(rows.flatMap(({ definitions }) => definitions))]);
    return rows.flatMap((row) => {
      const [own, other] = [ours(found, row), theirs(outcomes, row)];
      if (own === oursOf(row.expected) && other === theirsOf(row.expected)) return [];
      return [`${row.check} ${row.path ?? ''} beside ${row.definitions.join(', ')}: ${own} and ${other}`];
    });
  };

  const witnessed = (found: Inspection) => ({
    worldWritable: found.worldWritable.paths,
    unowned: found.unowned.paths,
    privileged: found.privileged.map(({ path }) => path),
  });
  const found = () => ({
    worldWritable: findInside(tree, '-perm -0002 ( -type f -o -type p -o -type d ! -perm -1000 )'.split(' ')),
    unowned: findInside(tree, '( -nouser -o -nogroup )'.split(' ')),
    privileged: findInside(tree, '-type f ( -perm -4000 -o -perm -2010 )'.split(' ')),
  });

  it('judges the unpacked tree as the build was judged', async () => {
    const judged = ['account-file-modes', 'cron-modes', 'no-world-writable', 'no-unowned', 'privileged-programs'];
    const all = [...judged, ...Object.keys(daemonIsGood)];
    const states = await withChange({}, (read) =>
      Object.fromEntries(all.map((check) => [check, ours(read, { check })])),
    );
    expect(Object.fromEntries(all.map((check) => [check, reported[check]]))).toEqual(states);
  });

  it.each(accountVariants)('account databases: $name', async (variant) => {
    expect(await withChange(variant.change, (read) => differences(read, variant), settingsAlone)).toEqual([]);
  });

  it.each(sshdVariants)('sshd, $rows.0.check: $name', async (variant) => {
    const { change, rows, connection } = variant;
    const judged = await withChange(
      change,
      (read) => {
        const settings = [askDaemon(tree), ...(connection === undefined ? [] : [askDaemon(tree, connection)])];
        const daemon = rows.map(({ check }) => (settings.every((one) => daemonIsGood[check]?.(one)) ? 'pass' : 'fail'));
        return { differences: differences(read, variant), daemon };
      },
      settingsAlone,
    );
    expect(judged).toEqual({ differences: [], daemon: rows.map(({ expected }) => oursOf(expected)) });
  });

  it.each(writableVariants)('what everybody may write: $name', async (variant) => {
    const judged = await withChange(variant.change, (read) => {
      expect(witnessed(read)).toEqual(found());
      return differences(read, variant);
    });
    expect(judged).toEqual([]);
  });

  it.each(ownerVariants)('beside find: $name', async ({ change }) => {
    await withChange(change, (read) => {
      expect(witnessed(read)).toEqual(found());
      expect(read.unowned.count + read.privileged.filter((one) => one.package === undefined).length).toBeGreaterThan(0);
    });
  });
});
