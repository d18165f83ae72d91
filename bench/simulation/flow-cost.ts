import { readFileSync } from 'node:fs';
import { type Definition, loadDefinition, substitute } from '../../local/flow/definition.ts';
import type { Scope, State, TaskState } from '../../local/flow/states.ts';

/** What Step Functions writes down and charges for. */
export interface FlowCost {
  /** Events of the execution's history. */
  readonly events: number;
  /** State transitions: each state that is entered, and each retry. */
  readonly transitions: number;
}

/** A Task state as an iteration went through it. `failed`: its last attempt failed, and Catch went on. */
export interface TaskVisit {
  readonly state: string;
  readonly attempts: number;
  readonly failed: boolean;
}

/**
 * Events of one attempt of a Task: scheduled, started, (submitted,) and succeeded or failed. Recorded histories of
 * Standard executions show them so; a failure that is retried is not followed by another TaskStateEntered.
 */
const attemptEvents = {
  'arn:aws:states:::lambda:invoke': 3,
  'arn:aws:states:::lambda:invoke.waitForTaskToken': 4,
  'arn:aws:states:::ecs:runTask.sync': 4,
} as const satisfies Record<TaskState['Resource'], number>;

/** …StateEntered and …StateExited. */
const stateEvents = 2;
/** MapIterationStarted and MapIterationSucceeded. */
const iterationEvents = 2;
/** MapStateEntered, MapStateStarted, MapStateSucceeded and MapStateExited. */
const mapEvents = 4;
/** ExecutionStarted and ExecutionSucceeded. */
const executionEvents = 2;
/** The execution's start and the Map itself. */
const frameTransitions = 2;

const nothing: FlowCost = { events: 0, transitions: 0 };

export function addCosts(...costs: readonly FlowCost[]): FlowCost {
  return {
    events: costs.reduce((sum, cost) => sum + cost.events, 0),
    transitions: costs.reduce((sum, cost) => sum + cost.transitions, 0),
  };
}

/** The build's state machine, as it is deployed. */
export function readBuildDefinition(): Definition {
  const text = readFileSync(new URL('../../lib/build.asl.json', import.meta.url), 'utf8');
  const names = [...text.matchAll(/\$\{(\w+)\}/g)].map((match) => match[1] ?? '');
  return loadDefinition(substitute(text, Object.fromEntries(names.map((name) => [name, name]))));
}

/** Costs of the build's state machine, derived from its definition: one Map, and Tasks around it. */
export class FlowCosts {
  readonly #outer: Scope;
  readonly #inner: Scope;
  readonly #map: string;

  /** @throws Error where the machine is not one Map with a line of other states around it */
  constructor(definition: Definition) {
    this.#outer = definition.scope;
    const maps = [...definition.scope.States].flatMap(([name, state]) =>
      state.Type === 'Map' ? [{ name, inner: state.ItemProcessor }] : [],
    );
    const [only] = maps;
    if (only === undefined || maps.length > 1) throw new Error('the machine has not one Map');
    this.#map = only.name;
    this.#inner = only.inner;
  }

  /** A Task of an iteration. @throws Error where the name is none's */
  task(name: string): TaskState {
    const state = this.#inner.States.get(name);
    if (state?.Type !== 'Task') throw new Error(`the iterations have no Task ${name}`);
    return state;
  }

  /** Going through a Task of an iteration in so many attempts. */
  visit(name: string, attempts: number): FlowCost {
    return visitCost(this.task(name), attempts);
  }

  /** From an iteration's start up to its first Task, and its end. */
  begin(first: string): FlowCost {
    return addCosts({ events: iterationEvents, transitions: 0 }, this.between(this.#inner.StartAt, first));
  }

  /** From one Task, which came to its end, up to the next. */
  after(name: string, next: string): FlowCost {
    const state = this.task(name);
    if (state.Next === undefined) throw new Error(`the iteration ends with ${name}`);
    return this.between(state.Next, next);
  }

  /** Iterations at once. @throws Error where that is an expression */
  get maxConcurrency(): number {
    const map = this.#outer.States.get(this.#map);
    if (map?.Type !== 'Map' || typeof map.MaxConcurrency !== 'number') throw new Error('MaxConcurrency is no number');
    return map.MaxConcurrency;
  }

  /** One iteration by the Tasks that it went through, in their order; the states between them follow from that. */
  iteration(visits: readonly TaskVisit[]): FlowCost {
    const costs: FlowCost[] = [{ events: iterationEvents, transitions: 0 }];
    let next: string | undefined = this.#inner.StartAt;
    for (const { state: name, attempts, failed } of visits) {
      const state = this.task(name);
      if (next === undefined) throw new Error(`the iteration has ended before ${name}`);
      costs.push(this.between(next, name), visitCost(state, attempts));
      next = failed ? state.Catch[0]?.Next : state.Next;
    }
    if (next !== undefined) costs.push(this.between(next, undefined));
    return addCosts(...costs);
  }

  /** The execution around its iterations, where each of its own Tasks needs one attempt. */
  frame(): FlowCost {
    return addCosts(
      { events: executionEvents + mapEvents, transitions: frameTransitions },
      ...[...this.#outer.States.values()].map((state) => (state.Type === 'Map' ? nothing : visitCost(state, 1))),
    );
  }

  /**
   * The most that an execution can write: every Task of every iteration uses up all its retries, and what forms a
   * circle (the stage's own retries) is gone through `rounds` times.
   */
  worst(iterations: number, rounds: number): FlowCost {
    const longest = this.#longest(this.#inner.StartAt, rounds, new Map());
    if (longest === undefined) throw new Error(`an iteration does not end within ${rounds} rounds`);
    const one = addCosts({ events: iterationEvents, transitions: 0 }, longest);
    return addCosts(
      { events: executionEvents + mapEvents, transitions: frameTransitions },
      { events: iterations * one.events, transitions: iterations * one.transitions },
      ...[...this.#outer.States].map(([name, state]) => (name === this.#map ? nothing : worstVisit(state))),
    );
  }

  /**
   * Pass, Choice and Wait states from a state on up to a Task, or up to the end of the iteration.
   * @throws Error where no way leads there without another Task
   */
  between(from: string, to: string | undefined): FlowCost {
    const found = this.#way(from, to, new Set());
    if (found === undefined) throw new Error(`no way leads from ${from} to ${to ?? 'the end'} without another Task`);
    return found;
  }

  #way(from: string | undefined, to: string | undefined, seen: ReadonlySet<string>): FlowCost | undefined {
    if (from === to) return nothing;
    if (from === undefined || seen.has(from)) return undefined;
    const state = this.#inner.States.get(from);
    if (state === undefined || state.Type === 'Task' || state.Type === 'Map') return undefined;
    for (const next of nextStates(state)) {
      const rest = this.#way(next, to, new Set([...seen, from]));
      if (rest !== undefined) return addCosts(visitCost(state, 1), rest);
    }
    return undefined;
  }

  /** The longest way to the end that goes through no state more than `rounds` times; undefined where none ends so. */
  #longest(name: string, rounds: number, seen: ReadonlyMap<string, number>): FlowCost | undefined {
    const state = this.#inner.States.get(name);
    if (state === undefined) throw new Error(`there is no state ${name}`);
    const visits = (seen.get(name) ?? 0) + 1;
    if (visits > rounds) return undefined;
    const visited = new Map(seen).set(name, visits);
    const rests = nextStates(state).map((next) =>
      next === undefined ? nothing : this.#longest(next, rounds, visited),
    );
    const longest = rests.reduce(
      (best, rest) => ((rest?.events ?? -1) > (best?.events ?? -1) ? rest : best),
      undefined,
    );
    return longest === undefined ? undefined : addCosts(worstVisit(state), longest);
  }
}

/** Where a state may go, its Catch included; undefined is the end. */
function nextStates(state: State): (string | undefined)[] {
  switch (state.Type) {
    case 'Choice':
      return [...state.Choices.map((choice) => choice.Next), ...(state.Default === undefined ? [] : [state.Default])];
    case 'Task':
    case 'Map':
      return [state.Next, ...state.Catch.map((catcher) => catcher.Next)];
    case 'Pass':
    case 'Wait':
      return [state.Next];
    case 'Succeed':
    case 'Fail':
      return [undefined];
  }
}

function visitCost(state: State, attempts: number): FlowCost {
  if (state.Type !== 'Task') return { events: stateEvents, transitions: 1 };
  return { events: stateEvents + attempts * attemptEvents[state.Resource], transitions: attempts };
}

function worstVisit(state: State): FlowCost {
  if (state.Type !== 'Task') return visitCost(state, 1);
  return visitCost(state, 1 + state.Retry.reduce((sum, retrier) => sum + retrier.MaxAttempts, 0));
}
