import { amendSpec } from '../compliance/remediation/amend.ts';
import type { FieldError } from '../errors.ts';
import { quoted, utf8Length } from '../text.ts';
import { capabilityErrors } from './capability-check.ts';
import { plainCredentialErrors } from './configuration/archive-credentials.ts';
import { configurationErrors } from './configuration/conflicts.ts';
import { diskLayoutErrors } from './disk-layout-check.ts';
import { distributionErrors } from './distribution-check.ts';
import { duplicateErrors } from './duplicates.ts';
import { embeddedSpecErrors } from './embedded-spec.ts';
import { emptiedPathErrors } from './emptied-paths.ts';
import { issueErrors } from './issues.ts';
import { joinedFieldErrors } from './joined-fields.ts';
import { specLimits } from './limits.ts';
import { needErrors } from './needs.ts';
import { type Outline, outlineSchema } from './outline.ts';
import { type Architecture, architectures, type OutputType, outputTypes } from './releases.ts';
import { removedResultErrors } from './removed-results.ts';
import { resolveSpec } from './resolve.ts';
import { type ResolvedSpec, type Spec, specSchema } from './schema.ts';
import { boundedErrors, type SpecError, specError } from './spec-errors.ts';
import { surveyInput } from './survey.ts';
import { testErrors } from './tests.ts';
import { defaultUserErrors } from './wsl.ts';

/** What this installation can build. */
export interface Abilities {
  readonly architectures: readonly Architecture[];
  readonly outputs: readonly OutputType[];
  /** It knows an archive that keeps old states; false where absent. */
  readonly snapshots?: boolean | undefined;
  /** Hosts of the operator's at which archives of a spec may be; none where absent. */
  readonly privateArchiveHosts?: readonly string[] | undefined;
}

export type SpecCheck =
  | { readonly ok: true; readonly spec: ResolvedSpec }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

/** What is known but not built here. */
function abilityErrors({ base, outputs }: Outline, abilities: Abilities): SpecError[] {
  const errors: SpecError[] = [];
  const architecture = architectures.find((name) => name === base.architecture);
  if (architecture !== undefined && !abilities.architectures.includes(architecture)) {
    errors.push(
      specError(['base', 'architecture'], {
        code: 'spec.unsupported_architecture',
        reason: `this installation cannot build for ${architecture}`,
        remedy: `Use ${abilities.architectures.join(' or ')}, or ask the operator for a builder of ${architecture}.`,
      }),
    );
  }
  if (base.snapshot !== undefined && abilities.snapshots !== true) {
    errors.push(
      specError(['base', 'snapshot'], {
        code: 'spec.unsupported_snapshot',
        reason: 'this installation has no archive that keeps old states',
        remedy: 'Remove it and keep the lock of a build, or ask the operator to set archives.snapshot.',
      }),
    );
  }
  for (const [index, output] of outputs.entries()) {
    const type = outputTypes.find((name) => name === output?.type);
    if (type === undefined || abilities.outputs.includes(type)) continue;
    errors.push(
      specError(['outputs', index, 'type'], {
        code: 'spec.unsupported_output',
        reason: `this installation cannot make ${quoted(type)}`,
        remedy: `Use ${abilities.outputs.join(' or ')}, or ask the operator for it.`,
      }),
    );
  }
  return errors;
}

/** The kernel takes one line: its arguments count together. */
function kernelLineErrors({ kernel }: Outline): SpecError[] {
  const bytes = utf8Length(kernel.cmdline.map((argument) => argument ?? '').join(' '));
  const { value, reason } = specLimits.kernelArgumentBytes;
  if (bytes <= value) return [];
  return [
    specError(['kernel', 'cmdline'], {
      code: 'spec.too_large',
      reason: `the arguments have ${bytes} bytes together; ${reason}`,
      remedy: `Give at most ${value} bytes.`,
    }),
  ];
}

/**
 * Judges a spec as a user gave it, already parsed from JSON or YAML, and resolves it. All errors are found at once:
 * those of single fields and those between fields; at most `specLimits.errors`, the last then saying how many more.
 * It never throws, whatever the input is.
 */
export function checkSpec(input: unknown, abilities: Abilities): SpecCheck {
  const survey = surveyInput(input);
  if (!survey.readable) return { ok: false, errors: survey.errors };
  const parsed = specSchema.safeParse(input);
  const outline = outlineSchema.safeParse(input);
  const errors: SpecError[] = [...survey.errors];
  if (!parsed.success) errors.push(...parsed.error.issues.flatMap((issue) => issueErrors(issue, input)));
  if (outline.success) {
    errors.push(
      ...abilityErrors(outline.data, abilities),
      ...plainCredentialErrors(input, abilities.privateArchiveHosts ?? []),
      ...errorsBetweenFields(input, outline.data),
    );
  }
  if (!parsed.success || errors.length > 0) return { ok: false, errors: boundedErrors(errors) };
  const amended = amendSpec(parsed.data);
  errors.push(...amended.errors, ...(amended.spec === parsed.data ? [] : errorsOfAmended(amended.spec)));
  if (errors.length > 0) return { ok: false, errors: boundedErrors(errors) };
  return { ok: true, spec: resolveSpec(amended.spec) };
}

/** The rules between fields. @param input readable (see survey.ts) */
function errorsBetweenFields(input: unknown, outline: Outline): SpecError[] {
  return [
    ...capabilityErrors(input, outline),
    ...distributionErrors(input),
    ...duplicateErrors(outline),
    ...joinedFieldErrors(outline),
    ...needErrors(outline.steps),
    ...kernelLineErrors(outline),
    ...configurationErrors(input, outline),
    ...emptiedPathErrors(input, outline),
    ...removedResultErrors(outline),
    ...embeddedSpecErrors(outline),
    ...defaultUserErrors(outline),
    ...testErrors(input, outline),
    ...diskLayoutErrors(input, outline),
  ];
}

/** Where a spec that is good by itself does not bear what remediation adds to it. */
function errorsOfAmended(spec: Spec): SpecError[] {
  const parsed = specSchema.safeParse(spec);
  const errors = parsed.success
    ? errorsBetweenFields(spec, outlineSchema.parse(spec))
    : parsed.error.issues.flatMap((issue) => issueErrors(issue, spec));
  return errors.map((error) => ({
    ...error,
    reason: `${error.reason}: with what \`compliance.remediate\` adds to the spec`,
    remedy: `${error.remedy} Or waive the check in \`compliance.waivers\`.`,
  }));
}
