import type { z } from 'zod';
import { nearestName, quoted } from '../text.ts';
import { foreignReleaseRefusal } from './base.ts';
import { namedOptionVerdict } from './capabilities.ts';
import { archiveMemberRefusal } from './configuration/archive-credentials.ts';
import { fileSystemRefusal } from './disk-layout.ts';
import { type FieldPath, valueAt } from './field-path.ts';
import { type Refusal, refusalParameters, type SpecErrorCode } from './refusal.ts';
import { fieldSchema, memberNames } from './schema-fields.ts';
import { type SpecError, specError } from './spec-errors.ts';

/** Codes of the fields whose choice is the installation's, for values that no installation knows. */
const choiceCodes: Readonly<Record<string, SpecErrorCode>> = {
  schemaVersion: 'spec.unsupported_version',
  distribution: 'spec.unsupported_distribution',
  release: 'spec.unsupported_release',
  architecture: 'spec.unsupported_architecture',
  type: 'spec.unsupported_output',
};

const kindsInWords: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

/** What a value is, in words; never the value itself. */
function kindOf(value: unknown): string {
  if (value === null) return 'empty (null)';
  if (Array.isArray(value)) return 'a list';
  return kindsInWords[typeof value] ?? 'of an unknown kind';
}

function wrongType(expected: string, value: unknown, description: string): Refusal {
  if (value === undefined) {
    return { code: 'spec.missing', reason: 'the field is missing', remedy: `Add it. ${description}`.trim() };
  }
  const wanted = kindsInWords[expected] ?? expected;
  const quote = expected === 'string' && typeof value !== 'object' ? ' Put the value in quotes.' : '';
  return {
    code: 'spec.invalid_value',
    reason: `the value is ${kindOf(value)} where ${wanted} belongs`,
    remedy: `Give ${wanted}.${quote} ${description}`.trim(),
  };
}

function wrongChoice(field: string | number | undefined, value: unknown, choices: readonly unknown[]): Refusal {
  // What is meant where the field is left out is no choice by a name.
  const names = choices.filter((choice) => choice !== undefined).map(String);
  const remedy = `Use ${names.length === 1 ? '' : 'one of '}${names.join(', ')}.`;
  if (value === undefined) return { code: 'spec.missing', reason: 'the field is missing', remedy };
  const scalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  const near = typeof value === 'string' ? nearestName(value, names) : undefined;
  return {
    code: choiceCodes[field ?? ''] ?? 'spec.invalid_value',
    reason: scalar ? `${quoted(String(value))} is not known here` : `the value is ${kindOf(value)}`,
    remedy: near === undefined ? remedy : `Did you mean ${near}? ${remedy}`,
  };
}

/** Why an output has not the option of another, from the table of what outputs can do. */
function otherOutputsOption(key: string, parent: FieldPath, input: unknown): SpecError | undefined {
  if (parent.length !== 2 || parent[0] !== 'outputs') return undefined;
  const type = valueAt(input, [...parent, 'type']);
  const verdict = namedOptionVerdict(type, key);
  if (verdict === undefined || verdict.supported) return undefined;
  const reason = `${quoted(key)} is no option of ${String(type)}: ${verdict.reason}`;
  return specError([...parent, key], { code: 'spec.unknown_key', reason, remedy: verdict.remedy });
}

function unknownKey(key: string, parent: FieldPath, input: unknown): SpecError {
  const misplaced = otherOutputsOption(key, parent, input);
  if (misplaced !== undefined) return misplaced;
  const refused = archiveMemberRefusal(key, parent);
  if (refused !== undefined) return specError([...parent, key], refused);
  const known = memberNames(parent, input);
  const near = nearestName(key, known);
  const list = `Known fields here: ${known.join(', ')}.`;
  return specError([...parent, key], {
    code: 'spec.unknown_key',
    reason: `there is no field ${quoted(key)}`,
    remedy: near === undefined ? `Remove it. ${list}` : `Did you mean ${near}? ${list}`,
  });
}

function outOfBounds(
  issue: z.core.$ZodIssueTooBig | z.core.$ZodIssueTooSmall,
  input: unknown,
  path: FieldPath,
): Refusal {
  const bound = issue.code === 'too_big' ? `at most ${issue.maximum}` : `at least ${issue.minimum}`;
  if (issue.origin !== 'array') {
    const reason = `the number ${String(valueAt(input, path))} is out of range`;
    return { code: 'spec.invalid_value', reason, remedy: `Give ${bound}.` };
  }
  const length = valueAt(input, [...path, 'length']);
  const reason = `the list has ${String(length)} entries`;
  return {
    code: issue.code === 'too_big' ? 'spec.too_many' : 'spec.invalid_value',
    reason,
    remedy: `Give ${bound} entries.`,
  };
}

/** Codes of issues that say that a value is of another kind altogether. */
const kindCodes: readonly z.core.$ZodIssue['code'][] = ['invalid_type', 'invalid_value'];

/** What is wrong with a value in the alternative that it has the kind of; where it has no one's kind, that. */
function alternativeErrors(
  alternatives: readonly (readonly z.core.$ZodIssue[])[],
  path: FieldPath,
  input: unknown,
): SpecError[] {
  const meant = alternatives.find((alternative) =>
    alternative.every((inner) => inner.path.length > 0 || !kindCodes.includes(inner.code)),
  );
  if (meant !== undefined) {
    return meant.flatMap((inner) => issueErrors({ ...inner, path: [...path, ...inner.path] }, input));
  }
  const description = fieldSchema(path, input)?.description ?? '';
  const reason = `the value is ${kindOf(valueAt(input, path))}, which is none of the forms of this field`;
  return [
    specError(path, { code: 'spec.invalid_value', reason, remedy: `Leave it out, or change it. ${description}` }),
  ];
}

/** Says in the spec's own words what zod found; `input` is what it judged. One issue of many keys is many errors. */
export function issueErrors(issue: z.core.$ZodIssue, input: unknown): SpecError[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  const value = valueAt(input, path);
  const description = fieldSchema(path, input)?.description ?? '';
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, path, input));
    case 'invalid_type':
      return [specError(path, wrongType(issue.expected, value, description))];
    case 'invalid_value':
      return [
        specError(
          path,
          fileSystemRefusal(path, value) ??
            foreignReleaseRefusal(path, input) ??
            wrongChoice(path.at(-1), value, issue.values),
        ),
      ];
    case 'invalid_union':
      if (issue.errors.length > 0) return alternativeErrors(issue.errors, path, input);
      return [specError(path, wrongChoice(path.at(-1), value, 'options' in issue ? (issue.options ?? []) : []))];
    case 'too_big':
    case 'too_small':
      return [specError(path, outOfBounds(issue, input, path))];
    case 'invalid_key':
      // Of a record: what is wrong with the name stands at the entry that it names.
      return issue.issues.flatMap((inner) => issueErrors({ ...inner, path: [...issue.path, ...inner.path] }, input));
    case 'custom': {
      const { code, remedy } = refusalParameters.parse(issue.params);
      return [specError(path, { code, reason: issue.message, remedy })];
    }
    default:
      return [specError(path, { code: 'spec.invalid_value', reason: issue.message, remedy: description })];
  }
}
