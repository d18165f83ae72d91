import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';

/** What a stage of the crash test is made to do; `works` and `fails` run a builder. */
export const behaviours = ['works', 'fails', 'hit'] as const;
export type Behaviour = (typeof behaviours)[number];

/** The stages of every build of the crash test: a chain, a diamond, a failure in the middle and a cached stage. */
export const crashStages: Readonly<Record<string, { readonly needs: readonly string[]; readonly does: Behaviour }>> = {
  base: { needs: [], does: 'works' },
  packages: { needs: ['base'], does: 'works' },
  cached: { needs: ['base'], does: 'hit' },
  script: { needs: ['packages', 'cached'], does: 'works' },
  broken: { needs: ['packages'], does: 'fails' },
  afterBroken: { needs: ['broken', 'script'], does: 'works' },
  iso: { needs: ['script'], does: 'works' },
  tar: { needs: ['script', 'cached'], does: 'works' },
};

/** How each stage ends, whatever is killed on the way. */
export function expectedResult(id: string): 'succeeded' | 'failed' | 'skipped' {
  const stage = crashStages[id];
  if (stage === undefined) throw new Error(`there is no stage ${id}`);
  if (stage.needs.some((need) => expectedResult(need) !== 'succeeded')) return 'skipped';
  return stage.does === 'fails' ? 'failed' : 'succeeded';
}

const stageSchema = z.object({
  pending: z.number(),
  token: z.string().nullable(),
  attempt: z.number(),
  open: z.number(),
  result: z.string().nullable(),
});
export type StageRow = z.infer<typeof stageSchema>;

/**
 * The durable table that the crash test's functions work on, as the engine's own functions work on theirs: each change
 * is one transaction and may be repeated.
 */
export class CrashWorld {
  readonly database: DatabaseSync;

  constructor(file: string) {
    this.database = new DatabaseSync(file, { timeout: 5_000 });
    // A killed process loses nothing that it gave to the operating system: no need to wait for the disk here.
    this.database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
      CREATE TABLE IF NOT EXISTS stage (
        build TEXT, id TEXT, pending INTEGER, token TEXT, attempt INTEGER DEFAULT 0, open INTEGER DEFAULT 0,
        result TEXT, PRIMARY KEY (build, id));
      CREATE TABLE IF NOT EXISTS edge (build TEXT, need TEXT, id TEXT, PRIMARY KEY (build, need, id));
      CREATE TABLE IF NOT EXISTS started (build TEXT, client_token TEXT, task_id TEXT);
      CREATE TABLE IF NOT EXISTS ended (build TEXT, id TEXT, result TEXT);
      CREATE TABLE IF NOT EXISTS finalized (build TEXT);
      CREATE TABLE IF NOT EXISTS change (build TEXT, status TEXT);`);
  }

  /** Rows of a query, as plain values. */
  rows(sql: string, ...values: string[]): unknown[][] {
    return this.database
      .prepare(sql)
      .all(...values)
      .map((row) => Object.values(row));
  }

  write(sql: string, ...values: (string | number | null)[]): void {
    this.database.prepare(sql).run(...values);
  }

  transaction(work: () => void): void {
    this.database.exec('BEGIN IMMEDIATE');
    work();
    this.database.exec('COMMIT');
  }

  /** Stores the stages of a build and what each needs, once. */
  create(build: string): void {
    this.transaction(() => {
      if (this.rows('SELECT 1 FROM stage WHERE build = ?', build).length > 0) return;
      for (const [id, { needs }] of Object.entries(crashStages)) {
        this.write('INSERT INTO stage (build, id, pending) VALUES (?, ?, ?)', build, id, needs.length);
      }
      for (const [id, { needs }] of Object.entries(crashStages)) {
        for (const need of needs) this.write('INSERT INTO edge VALUES (?, ?, ?)', build, need, id);
      }
    });
  }

  stage(build: string, id: string): StageRow {
    return stageSchema.parse(
      this.database
        .prepare('SELECT pending, token, attempt, open, result FROM stage WHERE build = ? AND id = ?')
        .get(build, id),
    );
  }
}
