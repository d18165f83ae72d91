import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { JsonObject, JsonValue } from '../../core/digest.ts';
import { openDurableDatabase } from './durable-database.ts';
import {
  type ExecutionRow,
  type ExecutionStatus,
  executionOf,
  outcomeSchema,
  type TaskOutcome,
  taskSchema,
  threadOf,
} from './journal-rows.ts';
import { parseJson } from './json.ts';
import type { ThreadBody, ThreadRow } from './thread.ts';

const layout = `
  CREATE TABLE IF NOT EXISTS definitions (digest TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS executions (
    name TEXT PRIMARY KEY, definition TEXT NOT NULL, input TEXT NOT NULL, status TEXT NOT NULL,
    output TEXT, error TEXT, cause TEXT, started_at INTEGER NOT NULL, ended_at INTEGER,
    acknowledged INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX IF NOT EXISTS open_executions ON executions (status) WHERE acknowledged = 0;
  CREATE TABLE IF NOT EXISTS threads (
    id INTEGER PRIMARY KEY AUTOINCREMENT, execution TEXT NOT NULL, parent INTEGER, body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS threads_of_execution ON threads (execution);
  CREATE INDEX IF NOT EXISTS threads_of_parent ON threads (parent);
  CREATE TABLE IF NOT EXISTS tokens (
    token TEXT PRIMARY KEY, execution TEXT NOT NULL, thread INTEGER NOT NULL, deadline INTEGER, output TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS tokens_of_execution ON tokens (execution);
  CREATE INDEX IF NOT EXISTS tokens_of_thread ON tokens (thread);
  CREATE TABLE IF NOT EXISTS tasks (
    execution TEXT NOT NULL, client_token TEXT NOT NULL, task_id TEXT NOT NULL, outcome TEXT,
    PRIMARY KEY (execution, client_token)
  ) STRICT;`;

const descendants = `
  WITH RECURSIVE below (id) AS (
    SELECT id FROM threads WHERE parent = ?1 UNION SELECT t.id FROM threads t JOIN below b ON t.parent = b.id
  )`;

/**
 * The durable state of every execution, in one SQLite file: each method is one transaction that is on the disk when
 * the method returns.
 */
export class FlowJournal {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(file: string) {
    this.#database = openDurableDatabase(file, layout);
  }

  close(): void {
    this.#database.close();
  }

  /** Stores an execution with its first thread; undefined where the name was used before. */
  begin(
    execution: { name: string; definition: string; text: string; input: JsonObject; startedAt: number },
    body: ThreadBody,
  ): number | undefined {
    return this.#transaction(() => {
      const { name, definition, text, input, startedAt } = execution;
      this.#run('INSERT OR IGNORE INTO definitions VALUES (?, ?)', definition, text);
      const inserted = this.#run(
        "INSERT OR IGNORE INTO executions (name, definition, input, status, started_at) VALUES (?, ?, ?, 'running', ?)",
        name,
        definition,
        JSON.stringify(input),
        startedAt,
      );
      return inserted === 0 ? undefined : this.#insertThread(name, null, body);
    });
  }

  execution(name: string): ExecutionRow | undefined {
    const row = this.#prepare('SELECT * FROM executions WHERE name = ?').get(name);
    return row === undefined ? undefined : executionOf(row);
  }

  /** Executions that run, or whose end has not been acknowledged. */
  openExecutions(): readonly ExecutionRow[] {
    return this.#prepare('SELECT * FROM executions WHERE acknowledged = 0 ORDER BY started_at, name')
      .all()
      .map(executionOf);
  }

  definitionText(digest: string): string | undefined {
    const row = this.#prepare('SELECT text FROM definitions WHERE digest = ?').get(digest);
    return typeof row?.text === 'string' ? row.text : undefined;
  }

  /** Ends a running execution and forgets its threads; false where it was not running. */
  end(
    name: string,
    end: { status: ExecutionStatus; endedAt: number; output?: JsonValue; error?: string; cause?: string },
  ): boolean {
    return this.#transaction(() => {
      const changed = this.#run(
        `UPDATE executions SET status = ?, ended_at = ?, output = ?, error = ?, cause = ?
         WHERE name = ? AND status = 'running'`,
        end.status,
        end.endedAt,
        end.output === undefined ? null : JSON.stringify(end.output),
        end.error ?? null,
        end.cause ?? null,
        name,
      );
      if (changed === 0) return false;
      for (const table of ['threads', 'tokens', 'tasks']) {
        this.#run(`DELETE FROM ${table} WHERE execution = ?`, name);
      }
      return true;
    });
  }

  acknowledge(name: string): void {
    this.#run('UPDATE executions SET acknowledged = 1 WHERE name = ?', name);
  }

  rootThread(execution: string): ThreadRow | undefined {
    const row = this.#prepare('SELECT id, parent, body FROM threads WHERE execution = ? AND parent IS NULL').get(
      execution,
    );
    return row === undefined ? undefined : threadOf(row);
  }

  /** The iterations of a Map, in their order. */
  children(parent: number): readonly ThreadRow[] {
    return this.#prepare('SELECT id, parent, body FROM threads WHERE parent = ? ORDER BY id').all(parent).map(threadOf);
  }

  /**
   * Stores a thread as it stands, with the token or task of its attempt and, for a Map, new iterations; the iterations
   * and tokens that it had before are forgotten. Answers the ids of the new iterations in order.
   */
  store(
    execution: string,
    thread: number,
    body: ThreadBody,
    iterations: readonly ThreadBody[] = [],
  ): readonly number[] {
    return this.#transaction(() => {
      const { attempt } = body;
      const token = attempt?.kind === 'token' ? attempt.token : '';
      this.#run(
        `${descendants} DELETE FROM tokens WHERE thread IN below OR (thread = ?1 AND token <> ?2)`,
        thread,
        token,
      );
      this.#run(`${descendants} DELETE FROM threads WHERE id IN below`, thread);
      this.#run('UPDATE threads SET body = ? WHERE id = ?', JSON.stringify(body), thread);
      if (attempt?.kind === 'token') {
        this.#run(
          'INSERT OR IGNORE INTO tokens (token, execution, thread, deadline) VALUES (?, ?, ?, ?)',
          token,
          execution,
          thread,
          attempt.deadline ?? null,
        );
      }
      if (attempt?.kind === 'task') {
        this.#run(
          'INSERT OR IGNORE INTO tasks (execution, client_token, task_id) VALUES (?, ?, ?)',
          execution,
          attempt.clientToken,
          attempt.taskId,
        );
      }
      return iterations.map((iteration) => this.#insertThread(execution, thread, iteration));
    });
  }

  /** Stores a token's answer; false where the token is unknown, answered, closed or past its deadline. */
  answer(token: string, output: JsonValue, now: number): boolean {
    const changed = this.#run(
      'UPDATE tokens SET output = ? WHERE token = ? AND output IS NULL AND (deadline IS NULL OR deadline > ?)',
      JSON.stringify(output),
      token,
      now,
    );
    return changed > 0;
  }

  /** A token as it stands: unknown, waiting, or answered. */
  token(token: string): 'unknown' | 'waiting' | { readonly output: JsonValue } {
    const row = this.#prepare('SELECT output FROM tokens WHERE token = ?').get(token);
    if (row === undefined) return 'unknown';
    return typeof row.output === 'string' ? { output: parseJson(row.output) } : 'waiting';
  }

  /** Takes a token out of use unless it was answered; answers the answer. */
  closeToken(token: string): { readonly output: JsonValue } | undefined {
    return this.#transaction(() => {
      const state = this.token(token);
      if (typeof state !== 'string') return state;
      this.#run('DELETE FROM tokens WHERE token = ?', token);
      return undefined;
    });
  }

  task(
    execution: string,
    clientToken: string,
  ): { readonly taskId: string; readonly outcome: TaskOutcome | undefined } | undefined {
    const row = this.#prepare('SELECT task_id, outcome FROM tasks WHERE execution = ? AND client_token = ?').get(
      execution,
      clientToken,
    );
    if (row === undefined) return undefined;
    const task = taskSchema.parse(row);
    return {
      taskId: task.task_id,
      outcome: task.outcome === null ? undefined : outcomeSchema.parse(parseJson(task.outcome)),
    };
  }

  endTask(execution: string, clientToken: string, outcome: TaskOutcome): void {
    this.#run(
      'UPDATE tasks SET outcome = ? WHERE execution = ? AND client_token = ?',
      JSON.stringify(outcome),
      execution,
      clientToken,
    );
  }

  /** Forgets a task that was never started, so that its client token may start one. */
  forgetTask(execution: string, clientToken: string): void {
    this.#run('DELETE FROM tasks WHERE execution = ? AND client_token = ?', execution, clientToken);
  }

  #insertThread(execution: string, parent: number | null, body: ThreadBody): number {
    const statement = this.#prepare('INSERT INTO threads (execution, parent, body) VALUES (?, ?, ?)');
    return Number(statement.run(execution, parent, JSON.stringify(body)).lastInsertRowid);
  }

  #transaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (thrown) {
      this.#database.exec('ROLLBACK');
      throw thrown;
    }
  }

  #run(sql: string, ...values: (string | number | null)[]): number {
    return Number(this.#prepare(sql).run(...values).changes);
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
