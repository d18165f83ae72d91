import { printable } from '../core/builds/printable.ts';
import type { BuildDetail, LogLine, Stage, Step } from '../sdk/generated/types.gen.ts';
import { elapsed } from './elapsed.ts';

/** How much there is to draw on, and with what. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  /** False: marks are of ASCII alone. */
  readonly unicode: boolean;
}

/** What a line tells, by which a terminal colours it. */
export type Tone = 'plain' | 'busy' | 'good' | 'bad' | 'dim';
export interface ViewLine {
  readonly text: string;
  readonly tone: Tone;
}

/** What is known of a build while it is waited for. Times are in milliseconds. */
export interface Watched {
  readonly build: BuildDetail;
  /** What is said of where it stands, beside its stages: its place in the queue, who is to approve it. */
  readonly standing: string | undefined;
  /** Since the waiting began. */
  readonly elapsed: number;
  readonly now: number;
  /** The latest lines of its log, oldest first. */
  readonly log: readonly LogLine[];
}

/** Lines of the log that are shown where there is room. */
const mostLogLines = 5;
/** Steps of a stage that are shown by a mark each; the rest as a number. */
const mostMarks = 12;

const marks = {
  unicode: { cached: '◆', succeeded: '●', running: '▶', pending: '·', failed: '✗', cancelled: '✗', skipped: '-' },
  ascii: { cached: '=', succeeded: '#', running: '>', pending: '.', failed: 'x', cancelled: 'x', skipped: '-' },
} as const;

/**
 * A build as it stands: a line for it, one for each stage with a mark a step, side by side in the same columns, and the last
 * lines of its log. It has no more lines than the screen less one, and none is longer than the screen less one.
 */
export function liveView(watched: Watched, screen: Screen): ViewLine[] {
  const { build } = watched;
  const used = screen.unicode ? marks.unicode : marks.ascii;
  const head = [printable(build.name), build.id, stateText(build), elapsed(watched.elapsed), `${build.percent} %`];
  const lines: ViewLine[] = [{ text: head.join('  '), tone: toneOf(build.state) }];
  if (watched.standing !== undefined) lines.push({ text: printable(watched.standing), tone: 'plain' });
  const room = Math.max(1, screen.rows - 1 - lines.length);
  const log = watched.log.slice(-mostLogLines);
  const { shown, left } = chosen(build.stages, Math.max(1, room - Math.min(log.length, 2)));
  const rows = shown.map((stage) => stageRow(stage, watched.now, used));
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => [...(row.cells[column] ?? '')].length)));
  for (const { cells, time, tone } of rows) {
    const body = cells.map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - [...cell].length)));
    lines.push({ text: justified(`  ${body.join('  ')}`, time, screen.columns - 1), tone });
  }
  if (left.length > 0) lines.push({ text: `  and ${countText(left)}`, tone: 'dim' });
  if (build.stages.some((stage) => stage.steps.some((step) => step.hit)))
    lines.push({ text: `  ${used.cached} from the cache`, tone: 'dim' });
  for (const line of log.slice(-Math.max(0, screen.rows - 1 - lines.length) || log.length)) {
    if (lines.length >= screen.rows - 1) break;
    lines.push({ text: `  ${line.stage} ${line.step} | ${printable(line.text)}`, tone: 'dim' });
  }
  return lines.slice(0, Math.max(1, screen.rows - 1)).map(({ text, tone }) => ({
    text: [...text]
      .slice(0, Math.max(1, screen.columns - 1))
      .join('')
      .trimEnd(),
    tone,
  }));
}

const stateText = (build: BuildDetail): string =>
  build.cancelRequested && !build.ended ? `${build.state}, cancelling` : build.state;

/** In the order of the plan, those that run or failed before all others where there is not room for all. */
function chosen(stages: readonly Stage[], room: number): { shown: readonly Stage[]; left: readonly Stage[] } {
  if (stages.length <= room) return { shown: stages, left: [] };
  const weight = ({ state }: Stage): number =>
    state === 'failed' ? 0 : state === 'running' ? 1 : state === 'pending' ? 2 : 3;
  const first = new Set([...stages].sort((a, b) => weight(a) - weight(b)).slice(0, room - 1));
  return { shown: stages.filter((stage) => first.has(stage)), left: stages.filter((stage) => !first.has(stage)) };
}

/** `12 more stages: 10 succeeded, 2 pending`. */
function countText(stages: readonly Stage[]): string {
  const counts = new Map<string, number>();
  for (const { state } of stages) counts.set(state, (counts.get(state) ?? 0) + 1);
  const parts = [...counts].map(([state, count]) => `${count} ${state}`);
  return `${stages.length} more ${stages.length === 1 ? 'stage' : 'stages'}: ${parts.join(', ')}`;
}

type Marks = (typeof marks)[keyof typeof marks];

function stageRow(stage: Stage, now: number, used: Marks): { cells: string[]; time: string; tone: Tone } {
  const mark = (step: Step): string => (step.hit ? used.cached : used[step.state]);
  const shown = stage.steps.slice(0, mostMarks).map(mark).join('');
  const more = stage.steps.length > mostMarks ? `+${stage.steps.length - mostMarks}` : '';
  const begin = stage.startedAt === undefined ? undefined : Date.parse(stage.startedAt);
  const end = stage.endedAt === undefined ? now : Date.parse(stage.endedAt);
  // Stages that took nothing but hits were never begun.
  const time = begin === undefined ? '' : elapsed(end - begin);
  return { cells: [stage.id, `${shown}${more}`, doingText(stage)], time, tone: toneOf(stage.state) };
}

/** What a stage is at. */
function doingText(stage: Stage): string {
  const again = stage.attempts > 1 ? ` (attempt ${stage.attempts})` : '';
  const hits = stage.steps.filter((step) => step.hit).length;
  switch (stage.state) {
    case 'pending':
      return stage.needs.length > 0 ? `waits for ${stage.needs.join(', ')}` : 'waits';
    case 'running': {
      const step = stage.steps.find(({ state }) => state === 'running');
      return `${step === undefined ? 'starting' : `${step.id} ${step.percent} %`}${again}`;
    }
    case 'succeeded':
      return hits === 0
        ? `done${again}`
        : hits === stage.steps.length
          ? 'cached'
          : `done, ${hits} of ${stage.steps.length} cached${again}`;
    case 'failed': {
      const step = stage.steps.find(({ state }) => state === 'failed');
      return `failed${step === undefined ? '' : ` in ${step.id}`}${again}`;
    }
    default:
      return stage.state;
  }
}

/** A text with another one at the end of the line, where there is room for both. */
function justified(text: string, end: string, columns: number): string {
  const room = columns - [...end].length - 1;
  const cut = [...text].slice(0, Math.max(0, room));
  return `${cut.join('')}${' '.repeat(Math.max(0, room - cut.length))} ${end}`;
}

function toneOf(state: BuildDetail['state'] | Stage['state']): Tone {
  if (state === 'succeeded') return 'good';
  if (state === 'failed' || state === 'rejected' || state === 'cancelled') return 'bad';
  if (state === 'running') return 'busy';
  return state === 'skipped' || state === 'pending' ? 'dim' : 'plain';
}
