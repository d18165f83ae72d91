import type { JsonObject, JsonValue } from '../../core/digest.ts';
import type { FieldError } from '../../core/errors.ts';
import { compileExpression, type Expressions, isExpression } from './expression.ts';
import { checkNames, type StatesMember } from './expression-check.ts';
import { taskArguments } from './run-task.ts';
import type { MapState, Scope, State, TaskState } from './states.ts';

/** A compiled expression, whatever the compiler calls its type. */
type Compiled = Expressions extends ReadonlyMap<string, infer T> ? T : never;

interface Check {
  readonly errors: FieldError[];
  readonly expressions: Map<string, Compiled>;
  /** Names of states and the place of each: unique in a whole machine. */
  readonly names: Map<string, string>;
}

/** Variables of the scopes around, which may be read and not assigned, and of the scope itself. */
interface Names {
  readonly outer: ReadonlySet<string>;
  readonly own: ReadonlySet<string>;
}

/**
 * Checks what a schema cannot: that transitions lead somewhere, names are unique, retriers and catchers are in order,
 * variables exist and inner scopes assign none of the outer ones, and every expression compiles and uses what there is.
 */
export function checkScope(scope: Scope): { errors: readonly FieldError[]; expressions: Expressions } {
  const check: Check = { errors: [], expressions: new Map(), names: new Map() };
  checkStates(check, scope, 'States', new Set());
  return check;
}

function checkStates(check: Check, scope: Scope, place: string, outer: ReadonlySet<string>): void {
  const names: Names = { outer, own: new Set([...scope.States.values()].flatMap(assignedNames)) };
  if (!scope.States.has(scope.StartAt)) {
    report(check, place, `has no state "${scope.StartAt}" to start at`);
  }
  const reached = new Set([scope.StartAt]);
  for (const [name, state] of scope.States) {
    const at = `${place}.${name}`;
    const twin = check.names.get(name);
    if (twin !== undefined) report(check, at, `has the name of ${twin}: names are unique in a machine`);
    check.names.set(name, at);
    if (name.length > 80) report(check, at, 'has a name of more than 80 characters');
    for (const next of targets(state)) {
      reached.add(next);
      if (!scope.States.has(next)) report(check, at, `leads to "${next}", which is no state beside it`);
    }
    checkState(check, state, at, names);
  }
  for (const name of scope.States.keys()) {
    if (!reached.has(name)) report(check, `${place}.${name}`, 'is not reached from any state');
  }
}

function checkState(check: Check, state: State, place: string, names: Names): void {
  if (state.Type === 'Pass' || state.Type === 'Wait' || state.Type === 'Task' || state.Type === 'Map') {
    const ends = state.End === true;
    if (ends === (state.Next !== undefined)) report(check, place, 'must have exactly one of Next and End');
  }
  const see = (field: string, value: JsonValue | undefined, member?: StatesMember): void => {
    if (value !== undefined) checkTemplate(check, value, `${place}.${field}`, names, member, hasToken(state));
  };
  const result = state.Type === 'Task' || state.Type === 'Map' ? 'result' : undefined;
  if ('Output' in state) see('Output', state.Output, result);
  if ('Assign' in state) checkAssign(check, state.Assign, `${place}.Assign`, names, see, 'Assign', result);
  switch (state.Type) {
    case 'Choice':
      for (const [index, rule] of state.Choices.entries()) {
        const field = `Choices[${index}]`;
        see(`${field}.Condition`, rule.Condition);
        see(`${field}.Output`, rule.Output);
        checkAssign(check, rule.Assign, `${place}.${field}.Assign`, names, see, `${field}.Assign`, undefined);
      }
      break;
    case 'Wait':
      see('Seconds', state.Seconds);
      break;
    case 'Fail':
      see('Error', state.Error);
      see('Cause', state.Cause);
      break;
    case 'Task':
      see('Arguments', state.Arguments);
      see('TimeoutSeconds', state.TimeoutSeconds);
      checkArguments(check, state, place);
      checkErrorHandling(check, state, place, names, see);
      break;
    case 'Map':
      see('Items', state.Items);
      see('ItemSelector', state.ItemSelector);
      see('MaxConcurrency', state.MaxConcurrency);
      checkErrorHandling(check, state, place, names, see);
      checkStates(check, state.ItemProcessor, `${place}.ItemProcessor.States`, new Set([...names.outer, ...names.own]));
      break;
    default:
      break;
  }
}

type See = (field: string, value: JsonValue | undefined, member?: StatesMember) => void;

function checkAssign(
  check: Check,
  assign: JsonObject | undefined,
  place: string,
  names: Names,
  see: See,
  field: string,
  member: StatesMember | undefined,
): void {
  for (const name of Object.keys(assign ?? {})) {
    if (name === 'states') report(check, place, 'assigns "states", which is reserved');
    if (names.outer.has(name)) {
      report(check, place, `assigns "${name}" of the scope around it: an inner scope may only read it`);
    }
  }
  see(field, assign, member);
}

function checkErrorHandling(check: Check, state: TaskState | MapState, place: string, names: Names, see: See): void {
  for (const [field, handlers] of Object.entries({ Retry: state.Retry, Catch: state.Catch })) {
    for (const [index, handler] of handlers.entries()) {
      const all = handler.ErrorEquals.includes('States.ALL');
      if (all && handler.ErrorEquals.length > 1) {
        report(check, `${place}.${field}[${index}].ErrorEquals`, 'holds States.ALL, which must stand alone');
      }
      if (all && index < handlers.length - 1) {
        report(check, `${place}.${field}[${index}].ErrorEquals`, 'holds States.ALL, which must come last');
      }
    }
  }
  for (const [index, catcher] of state.Catch.entries()) {
    const field = `Catch[${index}]`;
    see(`${field}.Output`, catcher.Output, 'errorOutput');
    checkAssign(check, catcher.Assign, `${place}.${field}.Assign`, names, see, `${field}.Assign`, 'errorOutput');
  }
}

function checkArguments(check: Check, state: TaskState, place: string): void {
  const supported: readonly string[] = taskArguments[state.Resource];
  for (const name of Object.keys(state.Arguments)) {
    if (!supported.includes(name)) report(check, `${place}.Arguments.${name}`, 'is not supported for this resource');
  }
  if (state.Resource === 'arn:aws:states:::ecs:runTask.sync') return;
  const name = state.Arguments.FunctionName;
  if (typeof name !== 'string' || isExpression(name)) {
    report(check, `${place}.Arguments.FunctionName`, 'must name a function plainly: grants are made by name');
  }
  if (hasToken(state) && !JSON.stringify(state.Arguments).includes('$states.context.Task.Token')) {
    report(check, `${place}.Arguments`, 'hands nobody $states.context.Task.Token: the state could never end');
  }
}

function checkTemplate(
  check: Check,
  template: JsonValue,
  place: string,
  names: Names,
  member: StatesMember | undefined,
  token: boolean,
): void {
  if (typeof template === 'string') {
    if (!isExpression(template)) {
      if (template.includes('{%') || template.includes('%}')) {
        report(check, place, 'holds an expression that is not the whole string: {% … %}');
      }
      return;
    }
    try {
      const expression = compileExpression(template);
      const variables = new Set([...names.outer, ...names.own]);
      for (const reason of checkNames(expression.ast(), { variables, member, token })) report(check, place, reason);
      check.expressions.set(template, expression);
    } catch (thrown) {
      report(check, place, `does not compile: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
    return;
  }
  if (typeof template !== 'object' || template === null) return;
  for (const [key, value] of Object.entries(template)) {
    if (key.endsWith('.$')) report(check, `${place}.${key}`, 'is of the older query language, which is not supported');
    const at = Array.isArray(template) ? `${place}[${key}]` : `${place}.${key}`;
    checkTemplate(check, value, at, names, member, token);
  }
}

function hasToken(state: State): boolean {
  return state.Type === 'Task' && state.Resource.endsWith('.waitForTaskToken');
}

function targets(state: State): readonly string[] {
  const next = 'Next' in state && state.Next !== undefined ? [state.Next] : [];
  if (state.Type === 'Choice') {
    return [...state.Choices.map((rule) => rule.Next), ...(state.Default === undefined ? [] : [state.Default])];
  }
  return 'Catch' in state ? [...next, ...state.Catch.map((catcher) => catcher.Next)] : next;
}

function assignedNames(state: State): readonly string[] {
  const own = 'Assign' in state ? Object.keys(state.Assign ?? {}) : [];
  const inner = state.Type === 'Choice' ? state.Choices : 'Catch' in state ? state.Catch : [];
  return [...own, ...inner.flatMap((part) => Object.keys(part.Assign ?? {}))];
}

function report(check: Check, path: string, reason: string): void {
  check.errors.push({
    path,
    code: 'definition.invalid',
    reason,
    remedy: 'Correct the state machine: Step Functions and this machine execute the same file.',
  });
}
