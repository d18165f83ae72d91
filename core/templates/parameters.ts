import { z } from 'zod';
import { quoted } from '../text.ts';
import { templateLimits as limits } from './limits.ts';
import { formatRefusal, parameterFormats } from './parameter-formats.ts';

export const parameterNameSchema = z
  .string()
  .regex(new RegExp(`^[A-Za-z][A-Za-z0-9]{0,${limits.parameterNameLength - 1}}$`));

const description = z.string().max(limits.descriptionLength).default('').describe('For people.');
const required = z
  .boolean()
  .exactOptional()
  .describe('false: it may be left out though it has no default; the field that it gives is then left out.');
const text = z.string().max(limits.textLength);
const format = z.enum(parameterFormats).exactOptional().describe('What form the text has.');
const length = z.int().min(0).max(limits.textLength).exactOptional();
const count = z.int().min(0).max(limits.entries).exactOptional();

const stringParameter = z.strictObject({
  type: z.literal('string'),
  ...{ description, required, format },
  default: text.exactOptional(),
  minLength: length,
  maxLength: length,
  multiline: z.boolean().exactOptional().describe('true: the text may have more than one line.'),
});
const integerParameter = z.strictObject({
  type: z.literal('integer'),
  ...{ description, required },
  default: z.int().exactOptional(),
  min: z.int().exactOptional(),
  max: z.int().exactOptional(),
});
const booleanParameter = z.strictObject({
  type: z.literal('boolean'),
  ...{ description, required },
  default: z.boolean().exactOptional(),
});
const enumParameter = z.strictObject({
  type: z.literal('enum'),
  ...{ description, required },
  default: text.exactOptional(),
  values: z.array(text).min(1).max(limits.choices).describe('What it may be.'),
});
const listParameter = z.strictObject({
  type: z.literal('list'),
  ...{ description, required, format },
  default: z.array(text).max(limits.entries).exactOptional(),
  minItems: count,
  maxItems: count,
});

/** What a parameter of a template may be. None is a secret: its value stands in the resolved spec. */
export const parameterSchema = z.discriminatedUnion('type', [
  ...[stringParameter, integerParameter, booleanParameter, enumParameter, listParameter],
] as const);
export type Parameter = z.output<typeof parameterSchema>;
export type ParameterValue = string | number | boolean | readonly string[];

export const parametersSchema = z
  .record(parameterNameSchema, parameterSchema)
  .refine((all) => Object.keys(all).length <= limits.parameters, `there are more than ${limits.parameters} parameters`)
  .describe('What whoever uses the template may or must say, by name.');
export type Parameters = z.output<typeof parametersSchema>;

/** Whether whoever uses the template must give it. */
export const isRequired = (parameter: Parameter): boolean =>
  parameter.default === undefined && parameter.required !== false;

/** What is wrong with a parameter's own declaration, by the member of it; undefined where it can be. */
export function declarationRefusal(
  parameter: Parameter,
): { readonly member: string; readonly reason: string } | undefined {
  const [least, most, member] = boundsOf(parameter);
  if (least !== undefined && most !== undefined && least > most) {
    return { member, reason: 'it is above the most that is allowed: no value fits' };
  }
  if (parameter.type === 'enum' && new Set(parameter.values).size < parameter.values.length) {
    return { member: 'values', reason: 'a value stands twice' };
  }
  if (parameter.default === undefined) return undefined;
  if (parameter.required === true) {
    return { member: 'required', reason: 'it has a default, so that nobody must give it' };
  }
  const wrong = valueRefusal(parameter, parameter.default);
  return wrong === undefined ? undefined : { member: 'default', reason: wrong };
}

function boundsOf(parameter: Parameter): [number | undefined, number | undefined, string] {
  if (parameter.type === 'integer') return [parameter.min, parameter.max, 'min'];
  if (parameter.type === 'string') return [parameter.minLength, parameter.maxLength, 'minLength'];
  if (parameter.type === 'list') return [parameter.minItems, parameter.maxItems, 'minItems'];
  return [undefined, undefined, ''];
}

/** Why a value is none for a parameter, in words; undefined where it is one. */
export function valueRefusal(parameter: Parameter, value: unknown): string | undefined {
  switch (parameter.type) {
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'it is not true or false';
    case 'integer': {
      if (!Number.isSafeInteger(value) || typeof value !== 'number') return 'it is not a whole number';
      if (parameter.min !== undefined && value < parameter.min) return `it is less than ${parameter.min}`;
      if (parameter.max !== undefined && value > parameter.max) return `it is more than ${parameter.max}`;
      return undefined;
    }
    case 'enum':
      return typeof value === 'string' && parameter.values.includes(value)
        ? undefined
        : `it is none of ${parameter.values.map(quoted).join(', ')}`;
    case 'string': {
      const { minLength = 0, maxLength = limits.textLength } = parameter;
      if (typeof value !== 'string') return 'it is not a text';
      if (value.length < minLength) return `it has fewer than ${minLength} characters`;
      if (value.length > maxLength) return `it has more than ${maxLength} characters`;
      return textRefusal(value, parameter);
    }
    case 'list': {
      const { minItems = 0, maxItems = limits.entries } = parameter;
      if (!Array.isArray(value)) return 'it is not a list of texts';
      if (value.length < minItems) return `it has fewer than ${minItems} entries`;
      if (value.length > maxItems) return `it has more than ${maxItems} entries`;
      for (const [index, entry] of value.entries()) {
        const wrong = typeof entry === 'string' ? textRefusal(entry, parameter) : 'it is not a text';
        if (wrong !== undefined) return `of entry ${index}: ${wrong}`;
      }
      return undefined;
    }
  }
}

/** One line where no more are allowed: a value must not add a line to the file that it stands in. */
function textRefusal(value: string, parameter: Extract<Parameter, { type: 'string' | 'list' }>): string | undefined {
  if (value.length > limits.textLength) return `it has more than ${limits.textLength} characters`;
  if (!value.isWellFormed()) return 'it holds half of a surrogate pair';
  const multiline = parameter.type === 'string' && parameter.multiline === true;
  if (/\p{Cc}/u.test(multiline ? value.replaceAll(/[\n\t]/g, '') : value)) {
    return multiline ? 'it holds control characters' : 'it is not one line of text';
  }
  const wrong = parameter.format === undefined ? undefined : formatRefusal(parameter.format, value);
  return wrong === undefined ? undefined : `it is not ${wrong}`;
}

/** Values by name, as a template is expanded with; undefined: nothing was given, and nothing need be. */
export type ParameterValues = ReadonlyMap<string, ParameterValue | undefined>;

/** A value that is one for the parameter, with its type. @throws Error where it was not judged before */
export function typedValue(parameter: Parameter, value: unknown): ParameterValue {
  const wrong = valueRefusal(parameter, value);
  if (wrong !== undefined) throw new Error(`a value that is none was let through: ${wrong}`);
  return z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]).parse(value);
}
