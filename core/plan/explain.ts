import { byCodeUnits } from '../text.ts';
import { firstChange } from './option-change.ts';
import type { Plan, PlanStep } from './plan.ts';

/** The first input that is not as it was. `before` or `after` is undefined where the input was not there. */
export interface InputChange {
  /** Such as `toolchain`, `archive.trixie.main/binary-amd64/Packages` or `options.files[/etc/motd].content`. */
  readonly input: string;
  readonly before?: string;
  readonly after?: string;
}

export const missKinds = ['first', 'new', 'changed', 'parent', 'missing'] as const;

/**
 * Why a step must run:
 * - first: there is no earlier build of this name to compare with, nothing of it is cached yet
 * - new: the earlier build had no such step
 * - changed: an input of its own changed
 * - parent: only a step below it changed; `root` is where that began, and `change` what changed there
 * - missing: nothing changed; the earlier build did not come so far, or its result is gone
 */
export interface MissReason {
  readonly kind: (typeof missKinds)[number];
  readonly root?: string;
  readonly change?: InputChange;
}

export type Verdict = { readonly hit: true } | { readonly hit: false; readonly because: MissReason };

/** The order in which inputs are asked; a name stands for all that begin with it and a dot. */
const inputOrder = [
  ...(['program', 'toolchain', 'architecture', 'sourceDateEpoch'] as const),
  ...(['archive', 'locked', 'trust', 'options'] as const),
] as const;

/**
 * Says of each step whether its result is there, and else why not: the first input that changed since an earlier plan,
 * old and new.
 * @param previous the plan of the latest build of the same name, whatever became of it
 * @param cached keys that have a result
 */
export function explainPlan(
  plan: Pick<Plan, 'steps'>,
  previous: Pick<Plan, 'steps'> | undefined,
  cached: { has(key: string): boolean },
): ReadonlyMap<string, Verdict> {
  const earlier = new Map(previous?.steps.map((step) => [step.id, step]));
  // A renamed user step has the same key; what it is made of is then compared with itself.
  const earlierByKey = new Map(previous?.steps.map((step) => [step.key, step]));
  const reasons = new Map<string, MissReason>();
  const verdicts = new Map<string, Verdict>();
  for (const step of plan.steps) {
    const before = earlierByKey.get(step.key) ?? earlier.get(step.id);
    const because = previous === undefined ? ({ kind: 'first' } as const) : reasonOf(step, before, reasons);
    reasons.set(step.id, because);
    verdicts.set(step.id, cached.has(step.key) ? { hit: true } : { hit: false, because });
  }
  return verdicts;
}

function reasonOf(step: PlanStep, before: PlanStep | undefined, reasons: ReadonlyMap<string, MissReason>): MissReason {
  if (before === undefined) return { kind: 'new' };
  if (before.key === step.key) return { kind: 'missing' };
  const own = ownChange(before.inputs, step.inputs);
  if (own !== undefined) return { kind: 'changed', change: own };
  const [older, newer] = [parentsOf(before), parentsOf(step)];
  const changed = step.needs.find((need) => older.get(need) !== newer.get(need));
  if (older.size !== newer.size || [...older.keys()].some((need) => !newer.has(need)) || changed === undefined) {
    const list = (parents: ReadonlyMap<string, string>) => [...parents.keys()].sort(byCodeUnits).join(', ');
    return { kind: 'changed', change: { input: 'needs', before: list(older), after: list(newer) } };
  }
  const parent = reasons.get(changed);
  const root = parent?.kind === 'parent' ? (parent.root ?? changed) : changed;
  return { kind: 'parent', root, ...(parent?.change === undefined ? {} : { change: parent.change }) };
}

/** The first input that differs, parents left out, in the order of `inputOrder`; what it does not name comes last. */
function ownChange(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): InputChange | undefined {
  const place = (name: string): number => {
    const found = inputOrder.findIndex((first) => name === first || name.startsWith(`${first}.`));
    return found < 0 ? inputOrder.length : found;
  };
  const inputs = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => !name.startsWith('needs.') && before[name] !== after[name])
    .sort((a, b) => place(a) - place(b) || byCodeUnits(a, b));
  const [input] = inputs;
  if (input === undefined) return undefined;
  const change = firstChange(before[input], after[input]);
  return {
    input: `${input}${change.path}`,
    ...(change.before === undefined ? {} : { before: change.before }),
    ...(change.after === undefined ? {} : { after: change.after }),
  };
}

function parentsOf(step: PlanStep): Map<string, string> {
  return new Map(
    Object.entries(step.inputs)
      .filter(([name]) => name.startsWith('needs.'))
      .map(([name, key]) => [name.slice('needs.'.length), key]),
  );
}

/** A reason as one line for people. */
export function reasonText(reason: MissReason): string {
  const { change, root } = reason;
  const what =
    change === undefined
      ? ''
      : `${change.input}: ${change.before ?? '(none)'} -> ${change.after ?? '(none)'}`.replaceAll(/\s+/g, ' ');
  switch (reason.kind) {
    case 'first':
      return 'nothing is cached yet';
    case 'new':
      return 'the build before had no such step';
    case 'changed':
      return what;
    case 'parent':
      return what === '' ? `${root} is made anew` : `${root} changed: ${what}`;
    case 'missing':
      return 'nothing changed, but there is no result: it was never finished, or it is gone';
  }
}
