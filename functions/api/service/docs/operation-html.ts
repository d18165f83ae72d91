import { type Html, html, marked } from '../../../../core/html.ts';
import {
  type Described,
  type DescribedMedia,
  type DescribedParameter,
  type DescribedResponse,
  nameOf,
  type PlacedOperation,
  resolved,
} from './described.ts';
import { membersHtml, typeHtml } from './schema-html.ts';

type Components = Described['components'];

/** An operation as an article: what it takes, what it answers, and with which errors. */
export function operationHtml(operation: PlacedOperation, components: Components): Html {
  const { operationId: id, method, path, summary, description, security } = operation;
  const parameters = (operation.parameters ?? []).map((one) => resolved(one, components.parameters));
  const answers = Object.entries(operation.responses).map(([status, answer]) => ({
    status,
    answer: resolved(answer, components.responses),
  }));
  const good = answers.filter(({ status }) => Number(status) < 400);
  const bad = answers.filter(({ status }) => Number(status) >= 400);
  const scheme = security[0] === undefined ? undefined : Object.keys(security[0])[0];
  const who = { apiKey: undefined, ticket: 'Takes the ticket of a running attempt.' }[scheme ?? ''];
  return html`<article id="${id}"><h3><a href="#${id}">${summary}</a></h3>
<p class="call"><code><span class="method">${method}</span>${path}</code></p>
${description === undefined ? undefined : html`<p>${marked(description)}</p>`}
${scheme === undefined ? html`<p>Needs no key.</p>` : who === undefined ? undefined : html`<p>${who}</p>`}
${parameters.length === 0 ? undefined : html`<h4>Parameters</h4>${parametersHtml(parameters)}`}
${operation.requestBody === undefined ? undefined : bodyHtml(operation.requestBody, components)}
<h4>Answers</h4>${good.map(({ status, answer }) => answerHtml(status, answer, components))}
<p>Errors: ${bad.map(({ status, answer }, index) => html`${index === 0 ? '' : '; '}${status} ${codesHtml(answer)}`)}.</p>
</article>
`;
}

function parametersHtml(parameters: readonly DescribedParameter[]): Html {
  return html`<ul class="members">${parameters.map(
    ({ name, in: where, required, description, schema }) =>
      html`<li><code class="name">${name}</code> in the ${where}${required === true ? html` <b>required</b>` : undefined} <span class="type">${typeHtml(schema)}</span>${
        description === undefined ? undefined : html`<br>${marked(description)}`
      }</li>`,
  )}</ul>`;
}

function bodyHtml({ required, content }: NonNullable<PlacedOperation['requestBody']>, components: Components): Html {
  const [first] = Object.values(content);
  if (first === undefined) return html``;
  const optional = required === true ? '' : ', which may be left out';
  return html`<h4>Body${optional}</h4>
<p>${shapeHtml(first)} as ${Object.keys(content).map((type, index) => html`${index === 0 ? '' : ' or '}<code>${type}</code>`)}</p>
${exampleHtml(first, components)}`;
}

function answerHtml(
  status: string,
  { description, content, headers }: DescribedResponse,
  components: Components,
): Html {
  const [first] = Object.values(content ?? {});
  const types = Object.keys(content ?? {});
  return html`<p><strong>${status}</strong> ${description}${
    first === undefined
      ? undefined
      : html` ${shapeHtml(first)} as ${types.map((type, index) => html`${index === 0 ? '' : ' or '}<code>${type}</code>`)}.`
  }${
    headers === undefined
      ? undefined
      : html` Headers: ${Object.keys(headers).map((name, index) => html`${index === 0 ? '' : ', '}<code>${name}</code>`)}.`
  }</p>
${first === undefined ? undefined : exampleHtml(first, components)}`;
}

/** A body's type by name, or its members where it has none. */
function shapeHtml({ schema }: DescribedMedia): Html {
  return typeof schema.$ref === 'string' || schema.properties === undefined ? typeHtml(schema) : membersHtml(schema);
}

function exampleHtml({ example, examples }: DescribedMedia, components: Components): Html {
  const [first] = Object.values(examples ?? {});
  const value = example ?? (first === undefined ? undefined : resolved(first, components.examples).value);
  return value === undefined ? html`` : html`<pre>${JSON.stringify(value, null, 2)}</pre>`;
}

/** Codes of errors, each with a link to what it means. */
function codesHtml({ content }: DescribedResponse): Html {
  const codes = Object.values(content ?? {}).flatMap(({ examples }) => Object.keys(examples ?? {}));
  return html`${codes.map((code, index) => html`${index === 0 ? '' : ', '}<a href="#error-${nameOf(code)}"><code>${code}</code></a>`)}`;
}
