import fc from 'fast-check';
import type { PlanStep } from '../../../core/plan/plan.ts';

/** A step as fusing and scheduling see it. */
export function stepWith(members: Partial<PlanStep> & Pick<PlanStep, 'id'>): PlanStep {
  return {
    program: 'script',
    version: 1,
    trust: 'tenant',
    key: members.id
      .padEnd(64, '0')
      .replaceAll(/[^0-9a-f]/g, 'a')
      .slice(0, 64),
    options: { timeoutSeconds: 600 },
    produces: 'layer',
    timeoutSeconds: 660,
    needs: [],
    scope: 'tenant',
    inputs: {},
    label: members.id,
    ...members,
  };
}

/** A script step with a bound of so many seconds. */
export function scriptStep(id: string, needs: readonly string[], timeoutSeconds = 600): PlanStep {
  return stepWith({ id, needs: [...needs], options: { timeoutSeconds } });
}

/** Sorted steps of any trust, each with some needs among those before it: more than any spec gives. */
export const randomSteps = (maxLength: number): fc.Arbitrary<PlanStep[]> =>
  fc
    .array(
      fc.record({
        trust: fc.constantFrom('service' as const, 'tenant' as const, 'tenant' as const, 'seal' as const),
        needs: fc.array(fc.nat({ max: 1_000 }), { maxLength: 3 }),
        timeoutSeconds: fc.constantFrom(1, 60, 600, 3_600),
      }),
      { minLength: 1, maxLength },
    )
    .map((parts) =>
      parts.map((part, index) =>
        stepWith({
          id: `u${index}`,
          trust: part.trust,
          options: { timeoutSeconds: part.timeoutSeconds },
          needs: index === 0 ? [] : [...new Set(part.needs.map((need) => `u${need % index}`))],
        }),
      ),
    );
