import type { BuildDetail, LogLine } from '../../../sdk/generated/types.gen.ts';

/** Where groups of lines are written. */
export interface GroupTarget {
  begin(title: string): void;
  line(text: string): void;
  end(): void;
}

/**
 * The log of a build as groups, one a step. GitHub shows groups one after the other, and steps run side by side: while a step
 * is shown, lines of others wait; they come when it is over.
 */
export class LogGroups {
  readonly #target: GroupTarget;
  readonly #waiting = new Map<string, string[]>();
  readonly #over = new Set<string>();
  readonly #shown = new Set<string>();
  #current: string | undefined;

  constructor(target: GroupTarget) {
    this.#target = target;
  }

  line({ stage, step, text }: LogLine): void {
    const group = `${stage} ${step}`;
    if (this.#current === undefined) this.#begin(group);
    if (this.#current === group) this.#target.line(text);
    else this.#wait(group, text);
  }

  /** A reading of the build: which steps are over. */
  reading(build: BuildDetail): void {
    for (const stage of build.stages) {
      for (const step of stage.steps) {
        if (step.state !== 'pending' && step.state !== 'running') this.#over.add(`${stage.id} ${step.id}`);
      }
    }
    while (this.#current !== undefined && this.#over.has(this.#current) && this.#waiting.size > 0) this.#next();
  }

  /** Shows all that waits. */
  end(): void {
    while (this.#waiting.size > 0) this.#next();
    if (this.#current !== undefined) this.#target.end();
    this.#current = undefined;
  }

  #wait(group: string, text: string): void {
    const lines = this.#waiting.get(group);
    if (lines === undefined) this.#waiting.set(group, [text]);
    else lines.push(text);
  }

  #begin(group: string): void {
    this.#target.begin(this.#shown.has(group) ? `${group} (more)` : group);
    this.#shown.add(group);
    this.#current = group;
  }

  /** Goes over to the group that has waited longest. */
  #next(): void {
    const [group, lines] = this.#waiting.entries().next().value ?? [];
    if (group === undefined || lines === undefined) return;
    this.#waiting.delete(group);
    if (this.#current !== undefined) this.#target.end();
    this.#begin(group);
    for (const text of lines) this.#target.line(text);
  }
}
