import type { BuildDetail, LogLine } from '../sdk/generated/types.gen.ts';
import { waitingText } from './approval-report.ts';
import { queueText } from './build-report.ts';
import { elapsed } from './elapsed.ts';
import { liveView, type Tone, type ViewLine } from './live-view.ts';

/** Where progress is drawn. A terminal gets a view that is drawn again; anything else gets a line a change. */
export interface ProgressTarget {
  write(text: string): void;
  readonly terminal: boolean;
  readonly color: boolean;
  readonly unicode: boolean;
  readonly columns: number;
  readonly rows: number;
}

export interface Progress {
  /** Shows a reading of the build. */
  update(build: BuildDetail): void;
  /** Shows a line of its log, with the next reading; where there is no terminal it is not shown. */
  log(line: LogLine): void;
  /** Leaves what was drawn last standing. */
  end(): void;
}

/** The target of a stream of this process. NO_COLOR (no-color.org) turns colour off. */
export function streamTarget(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): ProgressTarget {
  const terminal = stream.isTTY === true && environment.TERM !== 'dumb';
  // As POSIX has it: LC_ALL before LC_CTYPE before LANG, and what is empty is not set.
  const locale = [environment.LC_ALL, environment.LC_CTYPE, environment.LANG].find((text = '') => text !== '') ?? '';
  return {
    write: (text) => stream.write(text),
    terminal,
    color: terminal && (environment.NO_COLOR ?? '') === '',
    unicode: /utf-?8/i.test(locale),
    // A terminal of no size has not been told one.
    get columns() {
      return stream.columns || 80;
    },
    get rows() {
      return stream.rows || 24;
    },
  };
}

/** Lines of the log that are kept for a view. */
const keptLines = 20;

/** Live progress of a build: elapsed time, percent, state, stages, steps. `now` is in milliseconds since 1970. */
export function createProgress(target: ProgressTarget, now: () => number): Progress {
  const began = now();
  const log: LogLine[] = [];
  let lastKey = '';
  let drawn = 0;
  return {
    update(build) {
      const where = placeOf(build);
      if (target.terminal) {
        const watched = { build, standing: where.standing, elapsed: now() - began, now: now(), log };
        const lines = liveView(watched, target);
        target.write(redrawn(lines, drawn, target.color));
        drawn = lines.length;
        return;
      }
      if (where.key === lastKey) return;
      lastKey = where.key;
      target.write(`${elapsed(now() - began)}  ${String(build.percent).padStart(3)} %  ${where.text}\n`);
    },
    log(line) {
      log.push(line);
      if (log.length > keptLines) log.shift();
    },
    end() {
      drawn = 0;
    },
  };
}

/**
 * Lines in place of so many drawn before. The terminal does not wrap meanwhile, since only it knows how wide a character is;
 * what is longer ends at its edge.
 */
function redrawn(lines: readonly ViewLine[], before: number, color: boolean): string {
  const up = before === 0 ? '' : `\u001b[${before}A`;
  const body = lines.map(({ text, tone }) => `\r\u001b[2K${color ? colored(text, tone) : text}\n`).join('');
  return `\u001b[?7l${up}${body}\u001b[J\u001b[?7h`;
}

/**
 * Where the build is. `key` changes when a line is worth writing where lines cannot be drawn again; `standing` is what its
 * stages do not say.
 */
function placeOf(build: BuildDetail): {
  readonly text: string;
  readonly key: string;
  readonly standing: string | undefined;
} {
  const running = build.stages.filter((stage) => stage.state === 'running');
  const places = running.map((stage) => {
    const position = stage.steps.findIndex((step) => step.state === 'running');
    const step = stage.steps[position];
    if (step === undefined) return { text: `${stage.id} starting`, key: `${stage.id}/-` };
    const count = `${position + 1} of ${stage.steps.length}`;
    return {
      text: `${stage.id} ${step.id} ${step.percent} % (step ${count})`,
      // A quarter of a step is worth a line: a log shows that it moves, and does not fill with it.
      key: `${stage.id}/${step.id}/${Math.floor(step.percent / 25)}`,
    };
  });
  const asked = build.cancelRequested && !build.ended ? ', cancelling' : '';
  const head = `${build.state}${asked}`;
  const waiting = build.ended ? undefined : waitingText(build);
  if (waiting !== undefined) return { text: `${head}  ${waiting}`, key: `${head}/${waiting}`, standing: waiting };
  if (places.length === 0) {
    const queued = queueText(build);
    return queued === undefined
      ? { text: head, key: `${head}/${build.percent}`, standing: undefined }
      : { text: `${head}, ${queued}`, key: `${head}/${build.position}`, standing: queued };
  }
  return {
    text: `${head}  ${places.map((place) => place.text).join(', ')}`,
    key: `${head}/${places.map((place) => place.key).join()}`,
    standing: undefined,
  };
}

/** SGR codes (ECMA-48, 8.3.117). */
const codes = { busy: 36, good: 32, bad: 31, dim: 2 } as const;

const colored = (text: string, tone: Tone): string =>
  tone === 'plain' ? text : `\u001b[${codes[tone]}m${text}\u001b[0m`;
