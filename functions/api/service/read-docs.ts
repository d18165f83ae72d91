import { createHash } from 'node:crypto';
import { z } from 'zod';
import document from '../../../docs/openapi.json' with { type: 'json' };
import { defineOperation } from '../../shared/operation.ts';
import { type DocsPage, docsPage } from './docs/page.ts';

let page: DocsPage | undefined;

/** Answers the OpenAPI document as a page for people. It is made once a process, when it is first asked for. */
export const readDocs = defineOperation({
  id: 'readDocs',
  method: 'GET',
  path: '/docs',
  summary: 'This document as a page for people',
  access: { kind: 'public' },
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: undefined,
  response: z.string(),
  page: true,
  status: 200,
  errors: [],
  async handle() {
    page ??= docsPage(document, (text) => createHash('sha256').update(text).digest('base64'));
    const { text, contentSecurityPolicy, entityTag } = page;
    return { headers: { 'content-security-policy': contentSecurityPolicy, etag: entityTag }, body: text };
  },
});
