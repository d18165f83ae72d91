import { z } from 'zod';
import { type EventDeclaration, eventCatalogue } from './catalogue.ts';
import { type EventType, eventTypes } from './event.ts';

const cell = (text: string) => text.replaceAll('|', '\\|');
const row = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;

type JsonSchema = z.core.JSONSchema.BaseSchema;
const isSchema = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null;

function typeText(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(' or ');
  if (schema.type === 'array' && isSchema(schema.items) && !Array.isArray(schema.items)) {
    return `list of: ${typeText(schema.items)}`;
  }
  if (schema.type === 'object') {
    const members = Object.entries(schema.properties ?? {});
    return members.map(([name, member]) => `\`${name}\` (${isSchema(member) ? typeText(member) : 'any'})`).join(', ');
  }
  return schema.type === 'string' ? 'text' : schema.type === 'integer' ? 'whole number' : String(schema.type);
}

function section(type: EventType): string[] {
  const { meaning, version, detail }: EventDeclaration = eventCatalogue[type];
  const { properties = {}, required = [] } = z.toJSONSchema(detail, { io: 'input' });
  return [
    ...[`### \`${type}\``, '', `${meaning} Version ${version}.`, ''],
    ...[row(['member', 'type', 'meaning']), row(['---', '---', '---'])],
    ...Object.entries(properties).map(([name, schema]) => {
      const told = isSchema(schema) ? schema : {};
      const always = required.includes(name) ? '' : ', not always';
      return row([`\`${name}\``, `${typeText(told)}${always}`, told.description ?? '']);
    }),
    '',
  ];
}

const of = (audience: EventDeclaration['audience']) =>
  eventTypes.filter((type) => eventCatalogue[type].audience === audience).flatMap((type) => section(type));

/** docs/events.md, made from the catalogue: equal catalogues give equal text. */
export function eventDocument(): string {
  return `${[
    '# Events',
    '',
    'This page is made from [`core/events/catalogue.ts`](../core/events/catalogue.ts) by `npm run generate`.',
    '',
    'An event says what has become true. It is written in the transaction of the change that it tells of, into the',
    '[outbox](architecture.md#the-life-of-a-build), and published from there on the one bus of the installation: at least once,',
    'in no order. Its `id` is the same each time: whoever acts on events knows by it which ones it has had.',
    '',
    '```json',
    '{',
    '  "id": "evt_01KB2M5Y8Q0000000000000000",',
    '  "type": "build.succeeded",',
    '  "version": 1,',
    '  "tenantId": "ten_01KB2M5Y8Q0000000000000000",',
    '  "at": "2026-11-27T06:00:00.000Z",',
    '  "detail": { "buildId": "bld_01KB2M5Y8Q0000000000000000", "state": "succeeded", "runMilliseconds": 151200 }',
    '}',
    '```',
    '',
    'A detail holds ids and outcomes, never text of a spec or anything secret. New members may be added to a version, optional',
    'ones; whatever else changes makes a new version. So a reader passes over members that it does not know, and has no need of',
    'those that are told not always: older events lack them.',
    '',
    '## Public events',
    '',
    'Of what belongs to a tenant; it may have them sent to it.',
    '',
    ...of('public'),
    '## Internal events',
    '',
    'Between parts of the engine: they are sent to nobody.',
    '',
    ...of('internal'),
  ]
    .join('\n')
    .trimEnd()}\n`;
}
