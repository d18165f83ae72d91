import type { z } from 'zod';
import { type FieldPath, valueAt } from '../field-path.ts';
import { archivesEffects, archivesSchema } from './archives.ts';
import { certificatesEffects, certificatesSchema } from './certificates.ts';
import { cloudInitEffects, cloudInitSchema } from './cloud-init.ts';
import { firewallEffects, firewallSchema } from './firewall.ts';
import { kernelModulesEffects, kernelModulesSchema } from './kernel-modules.ts';
import { ntpEffects, ntpSchema } from './ntp.ts';
import type { SectionEffects } from './section.ts';
import { sshEffects, sshSchema } from './ssh.ts';
import { sysctlEffects, sysctlSchema } from './sysctl.ts';
import { updatesEffects, updatesSchema } from './updates.ts';

/** A section that a spec has. */
export interface Section extends SectionEffects {
  readonly field: FieldPath;
}

type Reader = (spec: unknown) => Section | undefined;

/** Reads one section of a spec, or of an input; undefined where there is none, or none that is good by itself. */
function reader<Schema extends z.ZodType>(
  field: FieldPath,
  schema: Schema,
  effects: (value: z.output<Schema>) => SectionEffects,
): Reader {
  return (spec) => {
    const value = valueAt(spec, field);
    if (value === undefined) return undefined;
    const read = schema.safeParse(value);
    return read.success ? { field, ...effects(read.data) } : undefined;
  };
}

const readers: readonly Reader[] = [
  reader(['system', 'ntp'], ntpSchema, ntpEffects),
  reader(['firewall'], firewallSchema, firewallEffects),
  reader(['sysctl'], sysctlSchema, sysctlEffects),
  reader(['kernel', 'modules'], kernelModulesSchema, kernelModulesEffects),
  reader(['ssh'], sshSchema, sshEffects),
  reader(['certificates'], certificatesSchema, certificatesEffects),
  reader(['cloudInit'], cloudInitSchema, cloudInitEffects),
  reader(['updates'], updatesSchema, updatesEffects),
  reader(['archives'], archivesSchema, archivesEffects),
];

/** The sections of typed configuration in a spec, with what they bring. Of an input, those that are good. */
export function sectionsOf(spec: unknown): Section[] {
  return readers.flatMap((read) => read(spec) ?? []);
}
