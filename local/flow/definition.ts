import { z } from 'zod';
import type { Sha256 } from '../../core/digest.ts';
import { sha256 } from '../../core/digest.ts';
import { EngineError, type FieldError } from '../../core/errors.ts';
import { checkScope } from './definition-check.ts';
import type { Expressions } from './expression.ts';
import { parseJson } from './json.ts';
import { machineSchema, type Scope, type State, type StateType, stateSchemas } from './states.ts';

/** A definition that this interpreter executes to the letter. */
export interface Definition {
  /** Of the text after substitution: running executions keep the definition that they began with. */
  readonly digest: Sha256;
  readonly text: string;
  readonly scope: Scope;
  readonly timeoutSeconds: number | undefined;
  readonly expressions: Expressions;
}

/**
 * Puts values in the place of `${Name}`, as CloudFormation's DefinitionSubstitutions do: in the plain text.
 * @throws EngineError configuration.invalid for a name without a value, or a value that would change the JSON around it.
 */
export function substitute(text: string, substitutions: Readonly<Record<string, string>>): string {
  const fields: FieldError[] = [];
  const substituted = text.replaceAll(/\$\{([^}]*)\}/g, (whole, name: string) => {
    const value = Object.hasOwn(substitutions, name) ? substitutions[name] : undefined;
    if (value === undefined) {
      fields.push(fieldError(whole, 'substitution.unknown', 'has no value', 'Give a value for this name.'));
      return whole;
    }
    if (JSON.stringify(value) !== `"${value}"`) {
      fields.push(
        fieldError(whole, 'substitution.unsafe', 'has a value that JSON must escape', 'Give a value without it.'),
      );
    }
    return value;
  });
  if (fields.length > 0) throw refused(fields);
  return substituted;
}

/**
 * Reads a state machine, after substitution. Whatever is not supported is refused here, by place and name: a field that
 * is silently passed over would make this machine and Step Functions execute two different files.
 * @throws EngineError configuration.invalid with every error.
 */
export function loadDefinition(text: string): Definition {
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw refused([fieldError('definition', 'definition.unreadable', reason, 'Write it as JSON.')]);
  }
  const fields: FieldError[] = [];
  const machine = machineSchema.safeParse(json);
  if (!machine.success) throw refused(issuesOf(machine.error, ''));
  const scope = parseScope(machine.data.StartAt, machine.data.States, 'States', fields);
  if (fields.length > 0) throw refused(fields);
  const checked = checkScope(scope);
  if (checked.errors.length > 0) throw refused(checked.errors);
  return {
    digest: sha256(text),
    text,
    scope,
    timeoutSeconds: machine.data.TimeoutSeconds,
    expressions: checked.expressions,
  };
}

function parseScope(startAt: string, states: Record<string, unknown>, place: string, fields: FieldError[]): Scope {
  const parsed = new Map<string, State>();
  for (const [name, value] of Object.entries(states)) {
    const state = parseState(value, `${place}.${name}`, fields);
    if (state !== undefined) parsed.set(name, state);
  }
  return { StartAt: startAt, States: parsed };
}

/** All but Map, whose inner states are parsed one by one. */
const plainStates: Readonly<Record<Exclude<StateType, 'Map'>, z.ZodType<State>>> = stateSchemas;

const typedSchema = z.looseObject({ Type: z.string() });

function parseState(value: unknown, place: string, fields: FieldError[]): State | undefined {
  const typed = typedSchema.safeParse(value);
  if (!typed.success) {
    fields.push(...issuesOf(typed.error, place));
    return undefined;
  }
  const type = typed.data.Type;
  if (!isStateType(type)) {
    const known = Object.keys(stateSchemas).join(', ');
    fields.push(fieldError(`${place}.Type`, 'state.unsupported', `"${type}" is not supported`, `Use one of ${known}.`));
    return undefined;
  }
  if (type !== 'Map') {
    const state = plainStates[type].safeParse(value);
    if (state.success) return state.data;
    fields.push(...issuesOf(state.error, place));
    return undefined;
  }
  const map = stateSchemas.Map.safeParse(value);
  if (!map.success) {
    fields.push(...issuesOf(map.error, place));
    return undefined;
  }
  const { StartAt, States } = map.data.ItemProcessor;
  return { ...map.data, ItemProcessor: parseScope(StartAt, States, `${place}.ItemProcessor.States`, fields) };
}

function isStateType(type: string): type is StateType {
  return Object.hasOwn(stateSchemas, type);
}

function issuesOf(error: z.ZodError, place: string): FieldError[] {
  return error.issues.map((issue) => {
    let path = place;
    for (const part of issue.path) {
      path += typeof part === 'number' ? `[${part}]` : `${path === '' ? '' : '.'}${String(part)}`;
    }
    return fieldError(
      path === '' ? 'definition' : path,
      'definition.unsupported',
      issue.message,
      'Write what the supported part of the states language has (local/flow/states.ts).',
    );
  });
}

function fieldError(path: string, code: string, reason: string, remedy: string): FieldError {
  return { path, code, reason, remedy };
}

function refused(fields: readonly FieldError[]): EngineError {
  const first = fields.map((field) => `${field.path} ${field.reason}`).join('; ');
  return new EngineError('configuration.invalid', `the state machine is not supported: ${first}`, { fields });
}
