import jsonata from 'jsonata';
import type { JsonObject, JsonValue } from '../../core/digest.ts';
import { toJson } from '../../core/json.ts';
import { StateFailed } from './failure.ts';

/** Guards of one evaluation. Definitions are the engine's own, so these stop a mistake, not an attacker. */
const limits = { timeout: 1_000, stack: 200 };

/** What an expression sees as `$states`, and the variables of its scopes by name. */
export interface Bindings {
  readonly states: {
    readonly input: JsonValue;
    readonly context: JsonObject;
    readonly result?: JsonValue;
    readonly errorOutput?: JsonObject;
  };
  readonly variables: JsonObject;
}

/** The compiled expressions of a definition, by their text with its braces. */
export type Expressions = ReadonlyMap<string, jsonata.Expression>;

/** True for a string that is evaluated. */
export function isExpression(text: string): boolean {
  return text.startsWith('{%') && text.endsWith('%}');
}

/**
 * Compiles `{% … %}`.
 * @throws Error with the compiler's reason.
 */
export function compileExpression(text: string): jsonata.Expression {
  try {
    return jsonata(text.slice(2, -2).trim(), limits);
  } catch (thrown) {
    throw new Error(reasonOf(thrown), { cause: thrown });
  }
}

/**
 * Evaluates a template: each string that is an expression is replaced by its value, everything else stays.
 * @throws StateFailed States.QueryEvaluationError where an expression fails or yields nothing (as Step Functions does).
 */
export async function evaluate(
  expressions: Expressions,
  template: JsonValue,
  bindings: Bindings,
  place: string,
): Promise<JsonValue> {
  if (typeof template === 'string') {
    return isExpression(template) ? await evaluateText(expressions, template, bindings, place) : template;
  }
  if (Array.isArray(template)) {
    const entries: JsonValue[] = [];
    for (const [index, entry] of template.entries()) {
      entries.push(await evaluate(expressions, entry, bindings, `${place}[${index}]`));
    }
    return entries;
  }
  if (typeof template === 'object' && template !== null) {
    const members: Record<string, JsonValue> = {};
    for (const [key, member] of Object.entries(template)) {
      members[key] = await evaluate(expressions, member, bindings, `${place}.${key}`);
    }
    return members;
  }
  return template;
}

async function evaluateText(
  expressions: Expressions,
  text: string,
  bindings: Bindings,
  place: string,
): Promise<JsonValue> {
  const expression = expressions.get(text);
  if (expression === undefined) throw new Error(`the expression at ${place} was never compiled`);
  try {
    const value: unknown = await expression.evaluate(undefined, { ...bindings.variables, states: bindings.states });
    if (value === undefined) throw new Error(`the expression '${text}' returned nothing`);
    // A copy: the expression language marks its own arrays with members that are not data.
    return toJson(value);
  } catch (thrown) {
    throw new StateFailed('States.QueryEvaluationError', `${place}: ${reasonOf(thrown)}`);
  }
}

/** The expression language throws errors and plain objects alike; both carry a message, the latter a code. */
function reasonOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return String(thrown);
  const message = 'message' in thrown ? String(thrown.message) : '';
  const code = 'code' in thrown ? String(thrown.code) : '';
  return [code, message].filter((part) => part !== '').join(' ') || 'the expression failed';
}
