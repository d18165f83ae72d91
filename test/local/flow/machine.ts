import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { createIds } from '../../../adapters/system/ids.ts';
import type { JsonObject, JsonValue } from '../../../core/digest.ts';
import type { ExecutionChange } from '../../../core/events/envelope.ts';
import { type LocalFlow, type LocalFlowOptions, openLocalFlow } from '../../../local/flow/local-flow.ts';
import { fastClock } from './fast-clock.ts';

/** The build's own state machine, as it is deployed. */
export const buildDefinition = readFileSync(new URL('../../../lib/build.asl.json', import.meta.url), 'utf8');

/** Every substitution of the build's state machine, by its own name. */
export const buildSubstitutions = Object.fromEntries(
  [...new Set([...buildDefinition.matchAll(/\$\{(\w+)\}/g)].map((match) => match[1] ?? ''))].map((name) => [
    name,
    name,
  ]),
);

/** Path of a file in a folder that goes away with the test. */
export function temporaryFile(name: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'lbuild-flow-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, name);
}

export interface TestMachine {
  readonly flow: LocalFlow;
  readonly file: string;
  /** Starts an execution and waits for its end. */
  run(input: JsonObject, name?: string): Promise<ExecutionChange>;
  /** The end of an execution, whenever it comes. */
  ended(name: string): Promise<ExecutionChange>;
}

/** A flow over a state machine (its States, or a whole text) with handlers of the test; closed with the test. */
export function openMachine(definition: string | JsonObject, options: Partial<LocalFlowOptions> = {}): TestMachine {
  const file = options.file ?? temporaryFile('flow.sqlite');
  const changes = new Map<string, ExecutionChange>();
  const listeners: (() => void)[] = [];
  const clock = options.clock ?? fastClock(50);
  const flow = openLocalFlow({
    file,
    definition: typeof definition === 'string' ? definition : machineText(definition),
    substitutions: {},
    lambda: async () => ({}),
    runTask: async () => ({}),
    clock,
    ids: createIds(clock),
    ...options,
    onStatusChange: async (change) => {
      await options.onStatusChange?.(change);
      changes.set(change.name, change);
      for (const listener of listeners.splice(0)) listener();
    },
  });
  onTestFinished(() => flow.close());
  const ended = async (name: string): Promise<ExecutionChange> => {
    for (;;) {
      const change = changes.get(name);
      if (change !== undefined) return change;
      await new Promise<void>((resolve) => listeners.push(resolve));
    }
  };
  let count = 0;
  return {
    flow,
    file,
    ended,
    run: async (input, name = `run-${++count}`) => {
      await flow.start(name, input);
      return ended(name);
    },
  };
}

/** The text of a machine that starts at the first of its states. */
export function machineText(states: JsonObject, more: JsonObject = {}): string {
  return JSON.stringify({ QueryLanguage: 'JSONata', StartAt: Object.keys(states)[0] ?? '', ...more, States: states });
}

/** A promise and what settles it. */
export function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  return Promise.withResolvers<T>();
}

/** A Task that calls the function `work`, with what a test changes. */
export function functionTask(more: JsonObject = {}): JsonObject {
  return {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Arguments: { FunctionName: 'work', Payload: '{% $states.input %}' },
    ...(more.Next === undefined ? { End: true } : {}),
    ...more,
  };
}

/** A Task that waits for a token which the function `ask` is handed. */
export function tokenTask(more: JsonObject = {}): JsonObject {
  return functionTask({
    Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
    Arguments: { FunctionName: 'ask', Payload: { token: '{% $states.context.Task.Token %}' } },
    ...more,
  });
}

/** A Task that runs a builder; the client token and the stage come from the state's input. */
export function builderTask(more: JsonObject = {}): JsonObject {
  const tags = { 'lbuild:build': 'bld', 'lbuild:stage': '{% $states.input.stage %}', 'lbuild:attempt': '1' };
  return functionTask({
    Resource: 'arn:aws:states:::ecs:runTask.sync',
    Arguments: {
      Cluster: 'cluster',
      TaskDefinition: 'builder',
      ClientToken: '{% $states.input.clientToken %}',
      Tags: Object.entries(tags).map(([Key, Value]): JsonObject => ({ Key, Value })),
      Overrides: {
        Cpu: '2048',
        Memory: '4096',
        EphemeralStorage: { SizeInGiB: 30 },
        ContainerOverrides: [
          { Name: 'builder', Environment: [{ Name: 'LBUILD_MANIFEST_URL', Value: 'http://127.0.0.1/m' }] },
        ],
      },
    },
    ...more,
  });
}

/** The member of a payload. */
export function member(value: JsonValue, name: string): JsonValue {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('is no object');
  const found = Object.entries(value).find(([key]) => key === name);
  if (found === undefined) throw new TypeError(`has no ${name}`);
  return found[1];
}

/** Runs states on an input and answers their end; `work` is every function that they call. */
export async function runStates(
  states: JsonObject,
  input: JsonObject,
  work?: (payload: JsonValue) => JsonValue,
): Promise<JsonObject> {
  const machine = openMachine(states, { lambda: async (_, payload) => work?.(payload) ?? null });
  const { input: _, name: __, ...end } = await machine.run(input);
  return { ...end };
}

/** The end of an execution that succeeded with an output. */
export function succeeded(output: JsonValue): JsonObject {
  return { status: 'SUCCEEDED', output };
}

/** The part of a failed execution's end that names its error. */
export function failedWith(error: string): JsonObject {
  return { status: 'FAILED', error };
}

/** States that end at Done, or at Caught where the task fails. */
export const caughtTask = ({ End: _, ...task }: JsonObject): JsonObject => ({
  A: { ...task, Next: 'Done', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }] },
  Done: { Type: 'Pass', End: true },
  Caught: { Type: 'Pass', Output: { caught: '{% $states.input %}' }, End: true },
});
