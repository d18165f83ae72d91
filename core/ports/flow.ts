import type { JsonObject, JsonValue } from '../digest.ts';

/** Executions of the build state machine: Step Functions on AWS, the interpreter on one machine. */
export interface Flow {
  /** Starts an execution by name; a name that was used before starts nothing. */
  start(name: string, input: JsonObject): Promise<'started' | 'exists'>;
  /** Stops a running execution; one that is over or unknown is no error. */
  stop(name: string, cause: string): Promise<void>;
  status(name: string): Promise<'running' | 'succeeded' | 'failed' | 'stopped' | 'unknown'>;
  /** Answers a waiting task. 'gone' where the token is unknown, used or timed out: it counts as sent. */
  sendTaskSuccess(token: string, output: JsonValue): Promise<'sent' | 'gone'>;
}
