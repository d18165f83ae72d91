import { z } from 'zod';
import { type Html, html, marked } from '../../../../core/html.ts';
import { type DescribedSchema, nameOf } from './described.ts';

const schemaSchema = z.record(z.string(), z.unknown());
const schemasSchema = z.array(schemaSchema);
const namesSchema = z.array(z.string());

/** A schema in words: its type, with a link where it has a name, and what it may hold. */
export function typeHtml(schema: DescribedSchema): Html {
  if (typeof schema.$ref === 'string') {
    const name = nameOf(schema.$ref);
    return html`<a href="#schema-${name}">${name}</a>`;
  }
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (Array.isArray(schema.enum)) {
    return html`${schema.enum.map((value, index) => html`${index === 0 ? '' : ' | '}<code>${JSON.stringify(value)}</code>`)}`;
  }
  const choices = schemasSchema.safeParse(schema.oneOf ?? schema.anyOf ?? schema.allOf).data;
  if (choices !== undefined) {
    const between = schema.allOf === undefined ? ' or ' : ' and ';
    return html`${choices.map((choice, index) => html`${index === 0 ? '' : between}${typeHtml(choice)}`)}`;
  }
  const types = [schema.type].flat().filter((type) => typeof type === 'string');
  if (types[0] === 'array')
    return html`list of ${typeHtml(schemaSchema.parse(schema.items ?? {}))}${boundsHtml(schema)}`;
  const others = schemaSchema.safeParse(schema.additionalProperties).data;
  if (types[0] === 'object' && others !== undefined && schema.properties === undefined) {
    return html`map to ${typeHtml(others)}`;
  }
  const format = typeof schema.format === 'string' ? ` (${schema.format})` : '';
  return html`${types.length === 0 ? 'anything' : types.join(' or ')}${format}${boundsHtml(schema)}`;
}

/** Limits in words; nothing where there are none. */
function boundsHtml(schema: DescribedSchema): Html {
  const said: string[] = [];
  const range = (low: unknown, high: unknown, what: string): void => {
    // Bounds of the number type itself are none.
    const from = typeof low === 'number' && low > Number.MIN_SAFE_INTEGER ? low : undefined;
    const to = typeof high === 'number' && high < Number.MAX_SAFE_INTEGER ? high : undefined;
    if (from !== undefined && to !== undefined) said.push(`${from} to ${to}${what}`);
    else if (from !== undefined) said.push(`at least ${from}${what}`);
    else if (to !== undefined) said.push(`at most ${to}${what}`);
  };
  range(schema.minimum ?? schema.exclusiveMinimum, schema.maximum, '');
  range(schema.minLength, schema.maxLength, ' characters');
  range(schema.minItems, schema.maxItems, ' items');
  if (schema.default !== undefined) said.push(`else ${JSON.stringify(schema.default)}`);
  const pattern = typeof schema.pattern === 'string' && schema.pattern.length <= 80 && schema.format === undefined;
  return html`${said.length === 0 ? undefined : html`, ${said.join(', ')}`}${
    pattern ? html`, <code class="pattern">${String(schema.pattern)}</code>` : undefined
  }`;
}

/** What a schema says about its members, each with those of its own below it. */
export function membersHtml(schema: DescribedSchema): Html {
  const parts = innerObjects(schema);
  if (parts.length === 0) return html`<p>${typeHtml(schema)}</p>`;
  return html`${parts.map((part, index) => html`${parts.length > 1 && index > 0 ? html`<p>or</p>` : undefined}${objectHtml(part)}`)}`;
}

function objectHtml(schema: DescribedSchema): Html {
  const required = new Set(namesSchema.parse(schema.required ?? []));
  const members = Object.entries(schemaSchema.parse(schema.properties ?? {}));
  return html`<ul class="members">${members.map(([name, given]) => {
    const member = schemaSchema.parse(given);
    const { description } = member;
    return html`<li><code class="name">${name}</code>${required.has(name) ? html` <b>required</b>` : undefined} <span class="type">${typeHtml(member)}</span>${
      typeof description === 'string' ? html`<br>${marked(description)}` : undefined
    }${innerObjects(member).map(objectHtml)}</li>`;
  })}</ul>`;
}

/** Schemas of objects that are written out in a schema, in lists, maps and choices too. */
function innerObjects(schema: DescribedSchema): readonly DescribedSchema[] {
  if (typeof schema.$ref === 'string') return [];
  if (schema.properties !== undefined) return [schema];
  const choices = schemasSchema.safeParse(schema.oneOf ?? schema.anyOf ?? schema.allOf).data ?? [];
  const contents = schemasSchema.parse([schema.items, schema.additionalProperties].filter(isSchema));
  return [...choices, ...contents].flatMap(innerObjects);
}

/** Whether it says anything: `true` and `false` are schemas too. */
const isSchema = (schema: unknown): boolean => typeof schema === 'object' && schema !== null;
