import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments, stringify } from 'yaml';
import { z } from 'zod';

const component = fileURLToPath(new URL('../integrations/gitlab-component/templates/build-image.yml', import.meta.url));

const inputSchema = z.looseObject({ default: z.union([z.string(), z.boolean()]).optional(), description: z.string() });
const jobSchema = z.looseObject({
  variables: z.record(z.string(), z.string()),
  script: z.array(z.string()),
  after_script: z.array(z.string()),
  artifacts: z.looseObject({ when: z.literal('always'), paths: z.array(z.string()) }),
});
export type GitlabJob = z.output<typeof jobSchema>;
const componentSchema = z.tuple([
  z.looseObject({ spec: z.looseObject({ inputs: z.record(z.string(), inputSchema) }) }),
  z.record(z.string(), jobSchema),
]);

/** The component as GitLab reads it: its inputs, and its one job with inputs named by `$[[ inputs.NAME ]]`. */
export function readComponent(): z.output<typeof componentSchema> {
  return componentSchema.parse(
    parseAllDocuments(readFileSync(component, 'utf8')).map((document): unknown => document.toJS()),
  );
}

/** A job with inputs in their places, as GitLab puts them there. @throws Error where one has no value */
export function withInputs<T>(job: T, inputs: Readonly<Record<string, string>>): T {
  const filled = JSON.stringify(job).replace(/\$\[\[ inputs\.([a-z-]+) \]\]/g, (_, name: string) => {
    const value = inputs[name];
    if (value === undefined) throw new Error(`the input ${name} has no value`);
    return JSON.stringify(value).slice(1, -1);
  });
  const value: T = JSON.parse(filled);
  return value;
}

/**
 * The plain template, for GitLab without components: the component's job under a hidden name, with its defaults, to be extended
 * with variables.
 */
export function plainTemplate(): string {
  const [{ spec }, jobs] = readComponent();
  const [job] = Object.values(jobs);
  const defaults = Object.fromEntries(
    Object.entries(spec.inputs).map(([name, input]) => [name, String(input.default ?? '')]),
  );
  const head = [
    'The job of the component as a plain template: `include` it, and extend `.lbuild` with the variables LBUILD_URL and',
    'LBUILD_SPEC_FILE; LBUILD_API_KEY is a masked variable of the project. Generated of templates/build-image.yml.',
  ];
  const text = stringify({ '.lbuild': withInputs(job, defaults) }, { lineWidth: 0 });
  return `${head.map((line) => `# ${line}\n`).join('')}${text}`;
}
