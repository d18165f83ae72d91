import { z } from 'zod';
import { sha256 } from '../../../../core/digest.ts';
import { type Html, html, paragraphs } from '../../../../core/html.ts';
import { type Described, describedSchema, type PlacedOperation } from './described.ts';
import { operationHtml } from './operation-html.ts';
import { membersHtml } from './schema-html.ts';
import { style } from './style.ts';

/** A page as it is sent. */
export interface DocsPage {
  readonly text: string;
  /** What the browser may load and run for it: its own style, and nothing else. */
  readonly contentSecurityPolicy: string;
  readonly entityTag: string;
}

/**
 * An OpenAPI document as one HTML page that needs no script: people read it, search it by their browser, and link into
 * it by the ids of operations.
 */
export function docsPage(document: unknown, digest: (text: string) => string): DocsPage {
  const described = describedSchema.parse(document);
  const text = `<!doctype html>\n${pageHtml(described).html}`;
  return {
    text,
    contentSecurityPolicy: `default-src 'none'; style-src 'sha256-${digest(style)}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    entityTag: `"${sha256(text).slice(0, 32)}"`,
  };
}

function pageHtml(described: Described): Html {
  const { info, tags, components } = described;
  const all = operationsOf(described);
  const sections = tags.map((tag) => ({ ...tag, operations: all.filter(({ tags: [first] }) => first === tag.name) }));
  return html`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${info.title} API</title><link rel="icon" href="data:,"><style>${{ html: style }}</style></head><body>
<nav aria-label="Operations"><ul><li><a href="#top">${info.title}</a></li><li><a href="#errors">Errors</a></li><li><a href="#schemas">Schemas</a></li></ul>
${sections.map(
  ({ name, operations }) =>
    html`<a href="#tag-${name}"><strong>${name}</strong></a><ul>${operations.map(
      ({ operationId, summary }) => html`<li><a href="#${operationId}" title="${summary}">${operationId}</a></li>`,
    )}</ul>`,
)}</nav>
<main id="top"><h1>${info.title} API, version ${info.version}</h1>
${paragraphs(info.description)}
<p>The same for programs: <a href="/v1/openapi.json">the OpenAPI document</a>.</p>
${sections.map(
  ({ name, description, operations }) => html`<section id="tag-${name}"><h2>${name}</h2>${paragraphs(description)}
${operations.map((operation) => operationHtml(operation, components))}</section>
`,
)}
<section id="errors"><h2>Errors</h2>${errorsHtml(components)}</section>
<section id="schemas"><h2>Schemas</h2>${Object.entries(components.schemas).map(
    ([name, schema]) =>
      html`<h3 id="schema-${name}"><a href="#schema-${name}">${name}</a></h3>${membersHtml(schema)}
`,
  )}</section></main></body></html>
`;
}

function operationsOf({ paths }: Described): readonly PlacedOperation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ ...operation, path, method: method.toUpperCase() })),
  );
}

const problemSchema = z.object({ title: z.string(), status: z.number(), code: z.string(), remedy: z.string() });

function errorsHtml({ examples }: Described['components']): Html {
  const rows = Object.entries(examples).flatMap(([name, { value }]) => {
    const problem = problemSchema.safeParse(value).data;
    return problem === undefined ? [] : [{ name, ...problem }];
  });
  return html`<table><thead><tr><th>Code</th><th>Status</th><th>What it means, and what to do</th></tr></thead><tbody>${rows.map(
    ({ name, code, status, title, remedy }) =>
      html`<tr id="error-${name}"><td><code>${code}</code></td><td>${status}</td><td>${title}. ${remedy}</td></tr>
`,
  )}</tbody></table>`;
}
