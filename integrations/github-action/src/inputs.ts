import { z } from 'zod';

/** How often a build matters, as the API has it. */
const priorities = ['low', 'normal', 'high', 'urgent'] as const;

const yesOrNo = z.enum(['true', 'false'], { error: 'is neither true nor false' }).transform((text) => text === 'true');

const names = z.string().transform((text) =>
  text
    .split(/[\n,]/)
    .map((name) => name.trim())
    .filter((name) => name !== ''),
);

const inputsSchema = z.object({
  'api-url': z.url({ protocol: /^https?$/, error: 'is no address like https://host' }),
  'api-key': z.string().regex(/^\S+$/, 'is empty, or holds white space'),
  'spec-file': z.string().min(1, 'is empty'),
  outputs: names,
  'artifact-path': z.string().min(1, 'is empty'),
  evidence: yesOrNo,
  wait: yesOrNo,
  timeout: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, 'is no whole number of minutes')
    .transform(Number)
    .refine((minutes) => minutes <= 1_440, 'is more than 1440 minutes'),
  team: z.string(),
  priority: z.enum(priorities, { error: `is none of ${priorities.join(', ')}` }),
});
export type Inputs = z.output<typeof inputsSchema>;

/** What is wrong with inputs, one text each. */
export interface InputProblems {
  readonly problems: readonly string[];
}

/** Reads all inputs; what is wrong with them is told at once. @param read the text of an input, trimmed */
export function readInputs(read: (name: string) => string): Inputs | InputProblems {
  const given = Object.fromEntries(Object.keys(inputsSchema.shape).map((name) => [name, read(name)]));
  const parsed = inputsSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  return { problems: parsed.error.issues.map((issue) => `The input ${issue.path.join('.')} ${issue.message}.`) };
}
