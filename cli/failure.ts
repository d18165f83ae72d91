import { z } from 'zod';
import { printable } from '../core/builds/printable.ts';
import { EngineError, type FieldError } from '../core/errors.ts';
import { ApiProblem, EngineUnreachable, LinuxBuilderError, UsageError } from '../sdk/engine-error.ts';
import type { ExitName } from './exit-codes.ts';
import type { Place } from './places.ts';

/** What is wrong with a field, and where in the user's file it stands. */
export interface PlacedError extends FieldError {
  readonly place?: Place;
}

/** A command's end that is no success: what to say, what to do, and the exit code. */
export class CliFailure extends Error {
  readonly exit: ExitName;
  readonly code: string;
  readonly remedy: string;
  readonly fields: readonly PlacedError[];

  constructor(
    exit: ExitName,
    problem: {
      readonly code: string;
      readonly detail: string;
      readonly remedy: string;
      readonly fields?: readonly PlacedError[];
    },
    cause?: unknown,
  ) {
    super(problem.detail, { cause });
    this.name = 'CliFailure';
    this.exit = exit;
    this.code = problem.code;
    this.remedy = problem.remedy;
    this.fields = problem.fields ?? [];
  }

  /** The same with other fields. */
  withFields(fields: readonly PlacedError[]): CliFailure {
    const { exit, code, message: detail, remedy, cause } = this;
    return new CliFailure(exit, { code, detail, remedy, fields }, cause);
  }
}

/** Any error as a failure of the command. */
export function asCliFailure(error: unknown): CliFailure {
  if (error instanceof CliFailure) return error;
  if (error instanceof ApiProblem) {
    const { code, detail, remedy, errors, requestId, status } = error.problem;
    const shown = status >= 500 ? `${detail} (request ${requestId})` : detail;
    return new CliFailure(exitOf(status), { code, detail: shown, remedy, fields: errors }, error);
  }
  if (error instanceof EngineError) {
    const { code, detail, remedy, fields, status } = error;
    return new CliFailure(exitOf(status), { code, detail, remedy, fields }, error);
  }
  if (error instanceof EngineUnreachable) {
    return new CliFailure(
      'unreachable',
      {
        code: 'engine.unreachable',
        detail: error.message,
        remedy: 'Start one with `lbuild local up`, or check --url.',
      },
      error,
    );
  }
  if (error instanceof LinuxBuilderError) {
    const { code, message: detail, remedy } = error;
    return new CliFailure(error instanceof UsageError ? 'usage' : 'failed', { code, detail, remedy }, error);
  }
  if (error instanceof z.ZodError) {
    const fields = error.issues.map((issue) => ({
      path: `--${issue.path
        .map(String)
        .join('.')
        .replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      code: 'cli.option_invalid',
      reason: issue.message,
      remedy: 'See `lbuild help`.',
    }));
    return new CliFailure('usage', { code: 'cli.usage', detail: 'An option is not valid.', remedy: '', fields }, error);
  }
  const detail = error instanceof Error ? error.message : String(error);
  return new CliFailure('failed', { code: 'cli.failed', detail, remedy: 'See the message.' }, error);
}

function exitOf(status: number): ExitName {
  if (status === 401 || status === 403) return 'access';
  if (status === 404) return 'notFound';
  if (status === 503 || status === 502) return 'unreachable';
  if (status >= 500) return 'failed';
  return status === 409 ? 'failed' : 'usage';
}

/** The failure for people: what, where, why, and what to do. What it quotes may be hostile. */
export function failureText(failure: CliFailure): string {
  const lines = [`error: ${failure.message}  [${failure.code}]`];
  for (const field of failure.fields) {
    const { place } = field;
    const where = place === undefined ? '' : `${place.file}:${place.line}:${place.column}: `;
    lines.push(`  ${where}${field.path === '' ? '(whole)' : field.path}: ${field.reason}  [${field.code}]`);
    if (place !== undefined) lines.push(...excerptLines(place));
    if (field.remedy !== '') lines.push(`      ${field.remedy}`);
  }
  if (failure.remedy !== '') lines.push(`  ${failure.remedy}`);
  return lines.join('\n').split('\n').map(printable).join('\n');
}

/** Longer lines are shown around the place alone. */
const longestExcerpt = 100;

/** The line of a place, with a mark below it. */
function excerptLines({ line, column, excerpt }: Place): string[] {
  const begin = Math.max(0, Math.min(column - 1 - longestExcerpt / 2, excerpt.length - longestExcerpt));
  const shown = excerpt.slice(begin, begin + longestExcerpt).replaceAll('\t', ' ');
  const gutter = String(line).padStart(6);
  return [`${gutter} | ${shown}`, `${' '.repeat(gutter.length)} | ${' '.repeat(column - 1 - begin)}^`];
}

/** The failure for programs. */
export function failureDocument(failure: CliFailure): object {
  const { code, message, remedy } = failure;
  const errors = failure.fields.map(({ place, ...field }) =>
    place === undefined ? field : { ...field, file: place.file, line: place.line, column: place.column },
  );
  return { error: { code, detail: message, remedy, errors } };
}
