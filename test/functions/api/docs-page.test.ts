import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { errorCatalogue } from '../../../core/error-catalogue.ts';
import { html, marked } from '../../../core/html.ts';
import document from '../../../docs/openapi.json' with { type: 'json' };
import { operationsByGroup } from '../../../functions/api/operations.ts';
import { docsPage } from '../../../functions/api/service/docs/page.ts';
import { useFolders } from '../../support/temporary-folders.ts';
import { type ApiUnderTest, openApi } from './api-under-test.ts';
import { call } from './http-call.ts';

const folder = useFolders('docs');
let api: ApiUnderTest;
beforeAll(async () => {
  api = await openApi(openSqliteTable({ file: `${folder()}/table.db`, clock: createSystemClock() }));
});
afterAll(() => api.close());

describe('GET /docs', () => {
  it('is a page of the service’s own, with a policy of its own and the other headers of all answers', async () => {
    const answer = await call(`${api.url}/docs`);
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': expect.stringMatching(/^default-src 'none'; style-src 'sha256-[^']+'; img-src data:;/),
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'x-request-id': expect.stringMatching(/^req_/),
      etag: expect.stringMatching(/^"[0-9a-f]{32}"$/),
    });
    expect(answer.text).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(operationsByGroup.service?.map(({ id }) => id)).toContain('readDocs');
  });

  it('names each operation, each of their errors and each schema, and has no script', async () => {
    const { text } = await call(`${api.url}/docs`);
    for (const item of Object.values(document.paths)) {
      for (const { operationId } of Object.values<{ operationId: string }>(item)) {
        expect(text).toContain(`<article id="${operationId}">`);
      }
    }
    for (const name of Object.keys(document.components.schemas)) expect(text).toContain(`<h3 id="schema-${name}">`);
    for (const name of Object.keys(document.components.examples)) {
      if (name in errorCatalogue) expect(text).toContain(`<tr id="error-${name}">`);
    }
    expect(text).not.toMatch(/<script|<link rel="(?!icon)|\son[a-z]+=|(?:src|href)="(?:https?:)?\/\//);
    // What a Lambda function may answer is ten times this.
    expect(text.length).toBeLessThan(900_000);
  });

  it('is not sent again to who has it', async () => {
    const etag = (await call(`${api.url}/docs`)).headers.get('etag') ?? '';
    const again = await call(`${api.url}/docs`, { headers: { 'if-none-match': `"other", W/${etag}` } });
    expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag]);
    const other = await call(`${api.url}/docs`, { headers: { 'if-none-match': '"other"' } });
    expect(other.status).toBe(200);
  });

  it('has another tag for another document', () => {
    const tagOf = (version: string) =>
      docsPage({ ...document, info: { ...document.info, version } }, () => 'x').entityTag;
    expect(tagOf('1')).toBe(tagOf('1'));
    expect(tagOf('1')).not.toBe(tagOf('2'));
  });
});

describe('the page’s HTML', () => {
  it('holds what is set into it as text', () => {
    expect(html`<p title="${'"'}">${'<script>&'}${undefined}${[1, html`<b>${'>'}</b>`]}</p>`.html).toBe(
      '<p title="&quot;">&lt;script&gt;&amp;1<b>&gt;</b></p>',
    );
    expect(marked('a `<b>` **c** `open').html).toBe('a <code>&lt;b&gt;</code> <strong>c</strong> `open');
  });
});
