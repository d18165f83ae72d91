import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';

const optionsSchema = z.strictObject({
  runs: z.coerce.number().int().min(1).max(20),
  only: z.array(z.string()),
  fresh: z.boolean(),
  results: z.string().min(1),
  place: z.enum(['memory', 'disk']),
  timeoutSeconds: z.coerce.number().int().min(10).max(7_200),
  inside: z.string().optional(),
});
export type BenchOptions = z.infer<typeof optionsSchema>;

/** Where results are unless told otherwise. */
const resultsFolder = join(import.meta.dirname, '../../out/bench/peers');

/**
 * The options of the command: `--runs N` rounds (3), `--only NAME[,NAME]` series or tools, `--fresh` forgets what was
 * measured of these, `--results FOLDER`, `--timeout SECONDS` of one measurement (1500), `--place memory|disk` where all
 * tools work. `--inside` is the command's own.
 * @throws ZodError
 */
export function readOptions(argv: readonly string[]): BenchOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      runs: text,
      only: text,
      fresh: { type: 'boolean' },
      results: text,
      timeout: text,
      place: text,
      inside: text,
    },
  });
  return optionsSchema.parse({
    runs: values.runs ?? 3,
    only: (values.only ?? '').split(',').filter((name) => name !== ''),
    fresh: values.fresh ?? false,
    results: values.results ?? resultsFolder,
    place: values.place ?? 'memory',
    timeoutSeconds: values.timeout ?? 1_500,
    ...(values.inside === undefined ? {} : { inside: values.inside }),
  });
}

/** The series that `--only` names, by their own names or by the tool's; all where it names none. @throws Error */
export function chosenSeries<S extends { readonly name: string }>(all: readonly S[], only: readonly string[]): S[] {
  const fits = (name: string, wanted: string): boolean => name === wanted || name.startsWith(`${wanted}-`);
  const unknown = only.filter((wanted) => !all.some(({ name }) => fits(name, wanted)));
  if (unknown.length > 0) {
    throw new Error(`--only: no series ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}`);
  }
  return all.filter(({ name }) => only.length === 0 || only.some((wanted) => fits(name, wanted)));
}
