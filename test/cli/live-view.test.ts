import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { liveView, type Watched } from '../../cli/live-view.ts';
import type { BuildDetail, LogLine, Stage, Step } from '../../sdk/generated/types.gen.ts';

const at = (seconds: number): string => new Date(1_767_225_600_000 + seconds * 1_000).toISOString();

function step(id: string, state: Step['state'], more: Partial<Step> = {}): Step {
  return { id, state, hit: false, percent: state === 'succeeded' ? 100 : 0, attempt: 1, facts: {}, ...more };
}

function stage(id: string, state: Stage['state'], steps: readonly Step[], more: Partial<Stage> = {}): Stage {
  return { id, state, trust: 'tenant', needs: [], attempts: 1, steps: [...steps], ...more };
}

function running(stages: readonly Stage[], more: Partial<BuildDetail> = {}): BuildDetail {
  return {
    ...{ id: 'bld_01KDVDRVABJVRNAMNK1QX2WCKG', name: 'edge-web', state: 'running', ended: false, specDigest: '' },
    ...{
      submittedAt: at(0),
      startedAt: at(1),
      cancelRequested: false,
      keepGoing: false,
      priority: 'normal',
      percent: 64,
    },
    ...{ evidence: [], stages: [...stages] },
    ...more,
  };
}

const hit = (id: string): Step => step(id, 'succeeded', { hit: true, attempt: 0 });
const sample = running([
  stage('s1', 'succeeded', [hit('bootstrap'), hit('packages'), step('accounts', 'succeeded')], {
    ...{ trust: 'service', startedAt: at(1), endedAt: at(13) },
  }),
  stage('s2', 'running', [step('site', 'running', { percent: 48 }), step('tuning', 'pending')], { startedAt: at(14) }),
  stage('s3', 'running', [step('docs', 'succeeded'), step('certificates', 'running', { percent: 10 })], {
    ...{ startedAt: at(14), attempts: 2 },
  }),
  stage('s4', 'pending', [step('initramfs', 'pending'), step('iso', 'pending'), step('tar', 'pending')], {
    needs: ['s2', 's3'],
  }),
]);
const line = (stageId: string, id: string, text: string): LogLine => ({
  at: 0,
  stage: stageId,
  step: id,
  stream: 'out',
  text,
});
const log = [
  line('s2', 'site', 'install -d /srv/site'),
  line('s3', 'certificates', 'Generating a RSA private key'),
  line(
    's2',
    'site',
    'rendered 214 pages in 3.1 s; the next line is longer than eighty columns, and ends at the edge of the screen',
  ),
];
const watched: Watched = { build: sample, standing: undefined, elapsed: 41_000, now: Date.parse(at(41)), log };
const text = (width: number, rows = 24, what = watched, unicode = true): string[] =>
  liveView(what, { columns: width, rows, unicode }).map((shown) => shown.text);

describe('the live view', () => {
  it.each([80, 120])('is as docs/cli.md shows it at %i columns', async (columns) => {
    const shown = text(columns);
    for (const each of shown) expect([...each].length).toBeLessThan(columns);
    const docs = await readFile(new URL('../../docs/cli.md', import.meta.url), 'utf8');
    expect(docs).toContain(`\n${shown.join('\n')}\n`);
  });

  it('needs no more than ASCII', () => {
    expect(text(80, 24, watched, false).join('')).toMatch(/^[ -~]*$/);
  });

  it('says where a build stands that has no stages yet', () => {
    const queued = {
      ...watched,
      build: running([], { state: 'queued', percent: 0 }),
      standing: 'number 3 in the queue',
      log: [],
    };
    expect(text(80, 24, queued)).toEqual([
      'edge-web  bld_01KDVDRVABJVRNAMNK1QX2WCKG  queued  0:41  0 %',
      'number 3 in the queue',
    ]);
  });

  it('tells what failed and what was skipped, and marks each line by it', () => {
    const failed = running([
      stage('s1', 'failed', [step('a', 'succeeded'), step('b', 'failed'), step('c', 'skipped')]),
      stage('s2', 'skipped', [step('d', 'skipped')], { needs: ['s1'] }),
    ]);
    const lines = liveView({ ...watched, build: failed, log: [] }, { columns: 80, rows: 24, unicode: true });
    expect(lines.map(({ text: shown, tone }) => [shown.trim(), tone]).slice(1)).toEqual([
      ['s1  ●✗-  failed in b', 'bad'],
      ['s2  -    skipped', 'dim'],
    ]);
  });

  it.each([1, 2, 3, 5, 10, 24, 60])('has room on %i rows for what matters of forty stages', (rows) => {
    const stages = Array.from({ length: 40 }, (_, index) => {
      const state = index < 20 ? 'succeeded' : index < 23 ? 'running' : index === 23 ? 'failed' : 'pending';
      return stage(`s${index + 1}`, state, [step('a', state)]);
    });
    const shown = text(60, rows, { ...watched, build: running(stages) });
    expect(shown.length).toBeLessThanOrEqual(Math.max(1, rows - 1));
    for (const each of shown) expect([...each].length).toBeLessThan(60);
    if (rows >= 10) expect(shown.join('\n')).toMatch(/s24 {2}✗ {2}failed in a/);
    if (rows === 24) expect(shown.join('\n')).toContain('more stages: 20 succeeded, ');
    if (rows >= 60) expect(shown.filter((each) => /^ {2}s\d/.test(each)).length).toBeGreaterThanOrEqual(40);
  });

  it('shows of a stage with many steps how many there are', () => {
    const many = stage(
      's1',
      'running',
      Array.from({ length: 30 }, (_, index) => step(`n${index}`, 'pending')),
    );
    expect(text(80, 24, { ...watched, build: running([many]), log: [] })[1]).toBe('  s1  ············+18  starting');
  });
});
