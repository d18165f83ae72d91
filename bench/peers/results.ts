import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

/** What is done with the image that was asked for. */
export const scenarios = ['cold', 'unchanged', 'changed', 'added'] as const;
export type Scenario = (typeof scenarios)[number];

const recordSchema = z.strictObject({
  series: z.string(),
  scenario: z.enum(scenarios),
  round: z.number().int().min(1),
  /** Absent where it failed. */
  seconds: z.number().positive().optional(),
  error: z.string().optional(),
  facts: z.record(z.string(), z.number()),
  at: z.string(),
  commit: z.string(),
});
export type ResultRecord = z.infer<typeof recordSchema>;

/** The results of a folder: one JSON object a line, so that a run that is cut short loses one measurement at most. */
export class Results {
  readonly #file: string;
  readonly #records: ResultRecord[] = [];

  /** @throws ZodError, SyntaxError where a line is none of ours; a last line that was cut short is dropped */
  constructor(file: string) {
    this.#file = file;
    if (!existsSync(file)) return;
    const lines = readFileSync(file, 'utf8').split('\n');
    const cut = lines.pop();
    for (const line of lines) this.#records.push(recordSchema.parse(JSON.parse(line)));
    if (cut !== undefined && cut !== '') this.#rewrite();
  }

  get all(): readonly ResultRecord[] {
    return this.#records;
  }

  find(series: string, scenario: Scenario, round: number): ResultRecord | undefined {
    return this.#records.find((one) => one.series === series && one.scenario === scenario && one.round === round);
  }

  append(record: ResultRecord): void {
    mkdirSync(dirname(this.#file), { recursive: true });
    appendFileSync(this.#file, `${JSON.stringify(record)}\n`, { flush: true });
    this.#records.push(record);
  }

  /** Forgets what was measured of these series. */
  drop(series: readonly string[]): void {
    const left = this.#records.filter((record) => !series.includes(record.series));
    this.#records.splice(0, this.#records.length, ...left);
    if (existsSync(this.#file)) this.#rewrite();
  }

  #rewrite(): void {
    writeFileSync(this.#file, this.#records.map((record) => `${JSON.stringify(record)}\n`).join(''), { flush: true });
  }
}
