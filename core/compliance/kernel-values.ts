import type { CheckContext, Verdict } from './check.ts';
import { seen } from './readers/place.ts';
import { KernelParameters } from './readers/sysctl.ts';
import { judged, withoutSystem } from './verdicts.ts';

/** Judges kernel parameters that must each be set to one of some values, whatever the kernel’s own default is. */
export function judgeParameters(
  { tree, spec }: Pick<CheckContext, 'tree' | 'spec'>,
  wanted: Readonly<Record<string, readonly string[]>>,
  beside: readonly string[] = [],
): Verdict {
  const parameters = new KernelParameters(tree);
  const told = Object.keys(wanted).map((name) => seen(name, parameters.value(name), 'the kernel’s own value holds'));
  const wrong = Object.entries(wanted).flatMap(([name, values], index) =>
    values.includes(parameters.value(name)?.value ?? '') ? [] : [`${told[index]}; wanted is ${values.join(' or ')}`],
  );
  const [first = 'no parameter is wanted', ...others] = told;
  return withoutSystem(spec) ?? judged([...wrong, ...beside], [first, ...others]);
}
