import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { readInputs } from '../../integrations/github-action/src/inputs.ts';
import { LogGroups } from '../../integrations/github-action/src/log-groups.ts';
import { summaryText } from '../../integrations/github-action/src/summary.ts';
import { actionBundle, bundleFile, templateFile } from '../../scripts/generate-integrations.ts';
import { plainTemplate } from '../../scripts/gitlab-template.ts';
import type { BuildDetail, LogLine } from '../../sdk/generated/types.gen.ts';

const root = new URL('../../', import.meta.url);
const actionSchema = z.object({
  inputs: z.record(z.string(), z.object({ description: z.string().min(1), default: z.string().optional() })),
  outputs: z.record(z.string(), z.object({ description: z.string().min(1) })),
  runs: z.object({ using: z.literal('node24'), main: z.string() }),
});
const action = actionSchema.parse(
  parse(await readFile(new URL('integrations/github-action/action.yml', root), 'utf8')),
);
const good: Record<string, string> = {
  ...Object.fromEntries(Object.entries(action.inputs).map(([name, input]) => [name, input.default ?? ''])),
  ...{ 'api-url': 'https://engine.example', 'api-key': 'lbk_x', 'spec-file': 'spec.yaml' },
};

it('what GitHub and GitLab run is what its sources make', async () => {
  expect(`integrations/github-action/${action.runs.main}`).toBe(bundleFile);
  expect((await readFile(new URL(bundleFile, root), 'utf8')) === (await actionBundle())).toBe(true);
  expect(await readFile(new URL(templateFile, root), 'utf8')).toBe(plainTemplate());
});

describe('the inputs of the Action', () => {
  it('are those that action.yml names, with its defaults', () => {
    expect(readInputs((name) => good[name] ?? '?')).toEqual({
      ...{ 'api-url': 'https://engine.example', 'api-key': 'lbk_x', 'spec-file': 'spec.yaml', outputs: [] },
      ...{ 'artifact-path': 'images', evidence: false, wait: true, timeout: 60, team: '', priority: 'normal' },
    });
    const asked: string[] = [];
    readInputs((name) => {
      asked.push(name);
      return '';
    });
    expect(asked.sort()).toEqual(Object.keys(action.inputs).sort());
  });

  it('take names one a line or parted by commas', () => {
    const given: Record<string, string> = { ...good, outputs: 'a.iso, b.tar\n c.raw\n' };
    expect(readInputs((name) => given[name] ?? '')).toMatchObject({ outputs: ['a.iso', 'b.tar', 'c.raw'] });
  });

  it.each([
    ['api-url', 'ftp://x'],
    ['api-key', ''],
    ['spec-file', ''],
    ['evidence', 'yes'],
    ['wait', ''],
    ['timeout', '0'],
    ['timeout', '1.5'],
    ['timeout', '1441'],
    ['priority', 'soon'],
  ])('refuse %s %j, by its name', (name, value) => {
    const read = readInputs((asked) => (asked === name ? value : (good[asked] ?? '')));
    expect(read).toEqual({ problems: [expect.stringMatching(new RegExp(`^The input ${name} (is|holds) .*\\.$`))] });
  });

  it('tell all that is wrong with them at once', () => {
    const read = readInputs(() => '');
    expect('problems' in read && read.problems.length).toBeGreaterThanOrEqual(6);
  });
});

const line = (stage: string, step: string, text: string): LogLine => ({ at: 0, stage, step, stream: 'out', text });
const reading = (over: readonly string[]): BuildDetail =>
  ({
    stages: [
      { id: 's1', steps: ['a', 'b', 'c'].map((id) => ({ id, state: over.includes(id) ? 'succeeded' : 'running' })) },
    ],
  }) as unknown as BuildDetail;

describe('the log', () => {
  function groups() {
    const written: string[] = [];
    const made = new LogGroups({
      begin: (title) => written.push(`[${title}`),
      line: (text) => written.push(text),
      end: () => written.push(']'),
    });
    return { made, written };
  }

  it('is a group a step, each whole, though steps run side by side', () => {
    const { made, written } = groups();
    made.line(line('s1', 'a', '1'));
    made.line(line('s1', 'b', '2'));
    made.line(line('s1', 'a', '3'));
    made.reading(reading([]));
    made.line(line('s1', 'b', '4'));
    made.reading(reading(['a']));
    made.line(line('s1', 'b', '5'));
    made.end();
    expect(written).toEqual(['[s1 a', '1', '3', ']', '[s1 b', '2', '4', '5', ']']);
  });

  it('loses no line that comes late, or of steps that nothing more is heard of', () => {
    const { made, written } = groups();
    made.line(line('s1', 'a', '1'));
    made.line(line('s1', 'b', '2'));
    made.line(line('s1', 'c', '3'));
    made.reading(reading(['a', 'b']));
    made.line(line('s1', 'a', '4'));
    made.end();
    expect(written.filter((text) => /^\d$/.test(text)).sort()).toEqual(['1', '2', '3', '4']);
    expect(written).toContain('[s1 a (more)');
    expect(written.filter((text) => text.startsWith('[')).length).toBe(written.filter((text) => text === ']').length);
  });

  it('of a step that is loud while another is shown takes time by its length, not by the square of it', () => {
    const { made, written } = groups();
    made.line(line('s1', 'a', '1'));
    const began = performance.now();
    for (let at = 0; at < 40_000; at += 1) made.line(line('s1', 'b', 'x'));
    made.end();
    // By the square it took 16 seconds.
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(written).toHaveLength(40_005);
  });

  it('has no group where there is no line', () => {
    const { made, written } = groups();
    made.reading(reading(['a']));
    made.end();
    expect(written).toEqual([]);
  });
});

it('the summary shows what was made, and takes nothing that a script says for Markdown', () => {
  const build = {
    ...{ id: 'bld_1', name: 'edge', state: 'failed', ended: true, stages: [] },
    failure: {
      ...{ code: 'script.failed', reason: '<img src=x> | a `b`', remedy: 'Mend it.', step: 'site' },
      logTail: ['```', '<script>alert(1)</script>'],
    },
  } as unknown as BuildDetail;
  const text = summaryText(build, [{ name: 'edge.iso', type: 'iso', size: 5_242_880, sha256: 'a'.repeat(64) }]);
  expect(text).toContain(`| edge.iso | iso | 5.0 MiB | \`${'a'.repeat(64)}\` |`);
  expect(text).toContain('````text\n```\n<script>alert(1)</script>\n````');
  expect(text).not.toMatch(/<img|\| a `b`/);
});
