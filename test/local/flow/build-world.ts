import { setTimeout as sleep } from 'node:timers/promises';
import { preparedStageSchema } from '../../../core/builds/flow-messages.ts';
import type { JsonObject, JsonValue } from '../../../core/digest.ts';
import type { Flow } from '../../../core/ports/flow.ts';
import { lostTask, TaskFailed } from '../../../local/flow/failure.ts';
import type { RunTaskHandler } from '../../../local/flow/run-task.ts';
import { member } from './machine.ts';

/** What a stage of the test does in its attempts, one after the other; after the last it succeeds. */
export type Script = 'lost' | 'fails' | 'hit' | 'no-slot' | 'breaks-settle';

export interface WorldStage {
  readonly needs: readonly string[];
  readonly script: Script[];
  pending: number;
  token: string | undefined;
  attempt: number;
  readonly classified: { attempt: number; error: string; cause: string }[];
  readonly ran: number[];
  result: 'succeeded' | 'failed' | undefined;
  settled: number;
}

/**
 * The functions and the runner that the build's state machine calls, over a table in memory: by the design's rules
 * (store the token, then read `pending`; settle idempotently and tell who waits), so that only the flow is on trial.
 */
export class BuildWorld {
  readonly stages = new Map<string, WorldStage>();
  readonly calls: string[] = [];
  finalized = 0;
  flow: Pick<Flow, 'sendTaskSuccess'> | undefined;

  constructor(stages: Readonly<Record<string, { needs?: readonly string[]; script?: readonly Script[] }>>) {
    for (const [id, { needs = [], script = [] }] of Object.entries(stages)) {
      this.stages.set(id, {
        needs,
        script: [...script],
        pending: needs.length,
        token: undefined,
        attempt: 0,
        classified: [],
        ran: [],
        result: undefined,
        settled: 0,
      });
    }
  }

  /** The execution's input. */
  input(): JsonObject {
    const stages = [...this.stages].map(([stageId, { needs }]) => ({ stageId, waits: needs.length > 0 }));
    return { buildId: 'bld_1', stages };
  }

  readonly lambda = async (name: string, payload: JsonValue): Promise<JsonValue> => {
    if (name === 'FinalizeBuild') {
      this.calls.push(name);
      this.finalized += 1;
      return {};
    }
    const id = String(member(payload, 'stageId'));
    this.calls.push(`${name} ${id}`);
    const stage = this.#stage(id);
    switch (name) {
      case 'AwaitDependencies':
        stage.token = String(member(payload, 'token'));
        if (stage.pending === 0) await this.#tell(stage);
        return {};
      case 'PrepareStage':
        return this.#prepare(id, stage);
      case 'ClassifyStage': {
        const [attempt, error, cause] = ['attempt', 'error', 'cause'].map((key) => member(payload, key));
        stage.classified.push({ attempt: Number(attempt), error: String(error), cause: String(cause) });
        return { retry: String(cause).includes('TerminationNotice'), waitSeconds: 1 };
      }
      default:
        return this.#settle(id, stage);
    }
  };

  readonly runTask: RunTaskHandler = async (request) => {
    const stage = this.#stage(request.stageId);
    await sleep(2);
    if (stage.script[0] === 'no-slot') {
      stage.script.shift();
      throw new TaskFailed('ECS.ServerException', 'there is no slot');
    }
    stage.ran.push(request.attempt);
    const now = stage.script.shift();
    if (now === 'lost') throw lostTask('task', 'the host went away');
    if (now === 'fails') {
      const cause = { StopCode: 'EssentialContainerExited', Containers: [{ Name: 'builder', ExitCode: 1 }] };
      throw new TaskFailed('States.TaskFailed', JSON.stringify(cause));
    }
    stage.result = 'succeeded';
    return {};
  };

  #stage(id: string): WorldStage {
    const stage = this.stages.get(id);
    if (stage === undefined) throw new Error(`there is no stage ${id}`);
    return stage;
  }

  #prepare(id: string, stage: WorldStage): JsonValue {
    if (stage.script[0] === 'hit') {
      stage.script.shift();
      stage.result = 'succeeded';
      return { run: false, attempt: 0 };
    }
    stage.attempt += 1;
    return preparedStageSchema.parse({
      run: true,
      attempt: stage.attempt,
      manifestUrl: 'http://127.0.0.1/manifest',
      clientToken: `${id}-${stage.attempt}`,
      cpu: '2048',
      memory: '4096',
      diskGiB: 21,
      timeoutSeconds: 600,
    });
  }

  async #settle(id: string, stage: WorldStage): Promise<JsonValue> {
    if (stage.script[0] === 'breaks-settle') {
      stage.script.shift();
      throw new Error('a part of the service is not available');
    }
    stage.settled += 1;
    stage.result ??= 'failed';
    for (const dependent of this.stages.values()) {
      if (stage.settled > 1 || !dependent.needs.includes(id)) continue;
      dependent.pending -= 1;
      if (dependent.pending === 0) await this.#tell(dependent);
    }
    return {};
  }

  async #tell(stage: WorldStage): Promise<void> {
    if (stage.token !== undefined) await this.flow?.sendTaskSuccess(stage.token, {});
  }
}
