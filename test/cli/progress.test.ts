import { describe, expect, it } from 'vitest';
import { elapsed } from '../../cli/elapsed.ts';
import { createProgress, type ProgressTarget } from '../../cli/progress.ts';
import type { BuildDetail } from '../../sdk/generated/types.gen.ts';

function build(state: BuildDetail['state'], percent: number, step?: { id: string; percent: number }): BuildDetail {
  const done = { hit: false, attempt: 1, facts: {} };
  return {
    id: 'bld_1',
    name: 'x',
    state,
    ended: state === 'succeeded',
    specDigest: '',
    submittedAt: '',
    cancelRequested: false,
    keepGoing: false,
    priority: 'normal',
    percent,
    evidence: [],
    stages:
      step === undefined
        ? []
        : [
            {
              trust: 'service',
              needs: [],
              attempts: 1,
              id: 's1',
              state: 'running',
              steps: [
                { ...done, id: 'first', state: 'succeeded', percent: 100 },
                { ...done, ...step, state: 'running' },
              ],
            },
          ],
  };
}

function record(terminal: boolean, color = false, columns = 80) {
  let text = '';
  const target: ProgressTarget = {
    write: (part) => {
      text += part;
    },
    terminal,
    color,
    columns,
    unicode: true,
    rows: 24,
  };
  return { target, text: () => text };
}

/** What a terminal shows of a text, by the few control sequences that progress uses. */
class PaperScreen {
  readonly lines: string[] = [''];

  constructor(text: string) {
    let row = 0;
    for (const [part] of text.replaceAll('\u001b', '␛').matchAll(/␛\[\??(\d*)([A-Za-z])|\n|\r|[^␛\n\r]+/g)) {
      const [, count, command] = /^␛\[\??(\d*)([A-Za-z])$/.exec(part) ?? [];
      if (part === '\n') {
        row += 1;
        this.lines[row] ??= '';
      } else if (command === 'A') row -= Number(count);
      else if (command === 'K') this.lines[row] = '';
      else if (command === 'J') this.lines.splice(row, Number.POSITIVE_INFINITY, '');
      else if (command === undefined && part !== '\r') this.lines[row] += part;
    }
  }
}

describe('progress', () => {
  it('is a line a change where there is no terminal', () => {
    const { target, text } = record(false);
    let now = 0;
    const progress = createProgress(target, () => now);
    const readings = [
      build('submitted', 0),
      build('submitted', 0),
      build('running', 52, { id: 'iso', percent: 4 }),
      build('running', 55, { id: 'iso', percent: 10 }),
      build('running', 70, { id: 'iso', percent: 40 }),
      build('succeeded', 100),
    ];
    for (const reading of readings) {
      progress.update(reading);
      now += 31_000;
    }
    progress.end();
    expect(text()).toBe(
      [
        '0:00    0 %  submitted',
        '1:02   52 %  running  s1 iso 4 % (step 2 of 2)',
        '2:04   70 %  running  s1 iso 40 % (step 2 of 2)',
        '2:35  100 %  succeeded',
        '',
      ].join('\n'),
    );
  });

  it('is drawn again on a terminal, over what was drawn before, and never wraps', () => {
    const { target, text } = record(true, false, 30);
    const progress = createProgress(target, () => 0);
    progress.update(build('running', 1, { id: 'a-step-with-a-long-name', percent: 1 }));
    progress.log({ at: 0, stage: 's1', step: 'iso', stream: 'out', text: `\u001b[2Ja line\u202e ${'x'.repeat(100)}` });
    progress.update(build('running', 2, { id: 'iso', percent: 2 }));
    progress.end();
    const screen = new PaperScreen(text());
    expect(screen.lines).toEqual([
      'x  bld_1  running  0:00  2 %',
      '  s1  ●▶  iso 2 %',
      '  s1 iso | a line xxxxxxxxxxx',
      '',
    ]);
    for (const sent of ['\u001b[2J', '\u202e', '\u001b[3']) expect(text()).not.toContain(sent);
    expect(text().endsWith('\u001b[?7h')).toBe(true);
  });

  it('has colours only where they are wanted', () => {
    const { target, text } = record(true, true);
    createProgress(target, () => 0).update(build('succeeded', 100));
    expect(text()).toContain('\u001b[32m');
  });

  it.each([
    [-1, '0:00'],
    [7_999, '0:07'],
    [750_000, '12:30'],
    [3_723_000, '1:02:03'],
  ])('writes %i ms as %s', (milliseconds, text) => {
    expect(elapsed(milliseconds)).toBe(text);
  });
});
