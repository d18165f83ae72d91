import type { BuildDetail } from '../sdk/generated/types.gen.ts';
import { waitingText } from './approval-report.ts';
import { queueText } from './build-report.ts';

/** Where progress is drawn. A terminal gets one line that is drawn again; anything else gets a line a change. */
export interface ProgressTarget {
  write(text: string): void;
  readonly terminal: boolean;
  readonly color: boolean;
  readonly columns: number;
}

export interface Progress {
  /** Shows a reading of the build. */
  update(build: BuildDetail): void;
  /** Leaves the last line standing and ends it. */
  end(): void;
}

/** The target of a stream of this process. NO_COLOR (no-color.org) turns colour off. */
export function streamTarget(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): ProgressTarget {
  const terminal = stream.isTTY === true && environment.TERM !== 'dumb';
  return {
    write: (text) => stream.write(text),
    terminal,
    color: terminal && (environment.NO_COLOR ?? '') === '',
    get columns() {
      return stream.columns ?? 80;
    },
  };
}

/**
 * Live progress of a build: elapsed time, percent, state, stage, step. `now` is in milliseconds.
 */
export function createProgress(target: ProgressTarget, now: () => number): Progress {
  const began = now();
  let lastKey = '';
  let drawn = false;
  return {
    update(build) {
      const where = placeOf(build);
      const text = `${elapsed(now() - began)}  ${String(build.percent).padStart(3)} %  ${where.text}`;
      if (target.terminal) {
        const line = text.slice(0, Math.max(10, target.columns - 1));
        target.write(`\r\u001b[2K${target.color ? colored(line, build.state) : line}`);
        drawn = true;
        return;
      }
      if (where.key === lastKey) return;
      lastKey = where.key;
      target.write(`${text}\n`);
    },
    end() {
      if (drawn) target.write('\n');
      drawn = false;
    },
  };
}

/** Where the build is. `key` changes when a line is worth writing where lines cannot be drawn again. */
function placeOf(build: BuildDetail): { readonly text: string; readonly key: string } {
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
  if (waiting !== undefined) return { text: `${head}  ${waiting}`, key: `${head}/${waiting}` };
  if (places.length === 0) {
    const queued = queueText(build);
    return queued === undefined
      ? { text: head, key: `${head}/${build.percent}` }
      : { text: `${head}, ${queued}`, key: `${head}/${build.position}` };
  }
  return {
    text: `${head}  ${places.map((place) => place.text).join(', ')}`,
    key: `${head}/${places.map((place) => place.key).join()}`,
  };
}

/** Minutes and seconds, with hours where there are any: `0:07`, `12:30`, `1:02:03`. */
export function elapsed(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

function colored(line: string, state: BuildDetail['state']): string {
  const code = state === 'succeeded' ? 32 : state === 'failed' || state === 'rejected' ? 31 : 36;
  return `\u001b[${code}m${line}\u001b[0m`;
}
