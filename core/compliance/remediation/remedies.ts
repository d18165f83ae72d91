import { type AnyCheck, checksOf } from '../checks.ts';
import type { ComplianceSettings } from '../settings.ts';
import { accountRemedies } from './accounts.ts';
import { fileRemedies } from './files.ts';
import { kernelRemedies } from './kernel.ts';
import { logRemedies } from './logs.ts';
import { networkRemedies } from './network.ts';
import type { Remedy } from './remedy.ts';
import { softwareRemedies } from './software.ts';
import { sshRemedies } from './ssh.ts';

const remedies: ReadonlyMap<string, Remedy> = new Map<string, Remedy>(
  Object.entries({
    ...accountRemedies,
    ...sshRemedies,
    ...kernelRemedies,
    ...networkRemedies,
    ...fileRemedies,
    ...logRemedies,
    ...softwareRemedies,
  }),
);

/** The remedy of a check; undefined of one that its owner has to see to. */
export const remedyOf = (check: string): Remedy | undefined => remedies.get(check);

/** Ids of all checks that have a remedy. */
export const remediedChecks: readonly string[] = [...remedies.keys()];

/** A check that is to be made to pass, its remedy, and the values that it is judged by. */
export interface WantedRemedy {
  readonly check: AnyCheck;
  readonly remedy: Remedy | undefined;
  readonly values: Readonly<Record<string, unknown>>;
}

/**
 * The checks of a spec that remediation is to make pass, in the order of reports: none where it is not asked for, and
 * none that is waived.
 */
export function wantedRemedies(settings: ComplianceSettings | undefined): WantedRemedy[] {
  if (settings?.remediate !== true) return [];
  const waived = new Set(settings.waivers.map(({ check }) => check));
  return checksOf(settings.profiles).flatMap((check) =>
    waived.has(check.id)
      ? []
      : {
          check,
          remedy: remedyOf(check.id),
          values: check.parameters?.parse(settings.tailoring[check.id] ?? {}) ?? {},
        },
  );
}
