import type { Review, Template, TemplateVersionDetail } from '../sdk/generated/types.gen.ts';

/** A template in one line. */
export function templateLine({
  id,
  name,
  visibility,
  latest,
  uses,
  rating,
  deprecated,
  description,
}: Template): string {
  const stars = rating.average === undefined ? '' : `  ${rating.average} of 5 (${rating.reviews})`;
  const old = deprecated === undefined ? '' : '  deprecated';
  const called = name === id ? name : `${name}  ${id}`;
  return `${called}@${latest}  ${visibility}  ${uses} use(s)${stars}${old}${description === '' ? '' : `  ${description}`}`;
}

/** A template with a version: what it takes, in lines. */
export function templateText(template: Template, version: TemplateVersionDetail): string {
  const { forkedFrom, deprecated, tags } = template;
  const parameters = Object.entries(version.parameters).map(([name, parameter]) => {
    const given =
      parameter.default === undefined ? (parameter.required === false ? 'may be left out' : 'required') : '';
    const value = parameter.default === undefined ? given : `default ${JSON.stringify(parameter.default)}`;
    return `  ${name}  ${parameter.type}  ${value}${parameter.description ? `  ${parameter.description}` : ''}`;
  });
  return [
    templateLine(template),
    ...(tags.length === 0 ? [] : [`tags: ${tags.join(', ')}`]),
    ...(forkedFrom === undefined ? [] : [`forked from ${forkedFrom.id}@${forkedFrom.version}`]),
    ...(deprecated === undefined ? [] : [deprecationText(deprecated)]),
    `version ${version.version}, of ${version.publishedAt.slice(0, 10)}${version.notes === '' ? '' : `: ${version.notes}`}`,
    ...version.extends.map(({ id, version: number }) => `extends ${id}@${number}`),
    ...(parameters.length === 0 ? ['no parameters'] : ['parameters:', ...parameters]),
  ].join('\n');
}

function deprecationText({ message, replacement }: NonNullable<Template['deprecated']>): string {
  return `deprecated: ${message}${replacement === undefined ? '' : ` Use ${replacement} instead.`}`;
}

/** A review in lines. */
export function reviewText({ rating, text, version, mine, changedAt }: Review): string {
  const head = `${rating} of 5  version ${version}  ${changedAt.slice(0, 10)}${mine ? '  yours' : ''}`;
  return [head, ...(text === '' ? [] : text.split('\n').map((line) => `  ${line}`))].join('\n');
}
