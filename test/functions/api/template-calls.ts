import { z } from 'zod';
import { referenceTo } from '../../../core/templates/references.ts';
import { templateViewSchema } from '../../../core/templates/views.ts';
import type { ApiUnderTest } from './api-under-test.ts';
import { exampleSpec } from './example-spec.ts';
import { type Answer, call } from './http-call.ts';

const listSchema = z.object({ templates: z.array(templateViewSchema), cursor: z.string().optional() });

const { name: _, ...nameless } = exampleSpec;

/** A template of web servers, with parameters of each kind. */
export const webTemplate = {
  description: 'A web server at the edge',
  tags: ['web'],
  parameters: {
    hostname: { type: 'string', format: 'hostname', description: 'What it is called.' },
    level: { type: 'integer', min: 0, max: 7, default: 4 },
    extra: { type: 'list', default: [] },
    zone: { type: 'enum', values: ['UTC', 'Europe/Berlin'], default: 'UTC' },
  },
  spec: {
    ...nameless,
    packages: { install: ['openssh-server', referenceTo('extra')] },
    system: { hostname: referenceTo('hostname'), timezone: referenceTo('zone') },
    kernel: { cmdline: ['quiet', `loglevel=${referenceTo('level')}`] },
  },
} as const;

/** Calls about templates, by one key. */
export function templateCalls(api: () => ApiUnderTest, key: () => string) {
  const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    call(`${api().url}/v1/templates${path}`, {
      ...{ method, key: key(), headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    send,
    create: (name: string, content: object = {}, headers: Record<string, string> = {}) =>
      send('POST', '', { name, ...webTemplate, ...content }, headers),
    list: async (query = '') => listSchema.parse((await send('GET', query)).json()),
  };
}

export const templateOf = (answer: Answer) => templateViewSchema.parse(answer.json());

/** A version of the web template with another spec. */
export function webTemplateOver(spec: object) {
  return { parameters: webTemplate.parameters, spec };
}
