import type { JsonObject } from '../../core/digest.ts';

export interface TaskEnd {
  readonly taskId: string;
  readonly stopCode: 'EssentialContainerExited' | 'UserInitiated' | 'TaskFailedToStart';
  readonly reason: string;
  readonly exitCode?: number;
  /** Why the container ended, where its exit code does not say it. */
  readonly containerReason?: string;
}

/** A stopped task as ECS describes it, in the spelling of Step Functions' service integration. */
export function describeTask(end: TaskEnd): JsonObject {
  return {
    TaskArn: end.taskId,
    LastStatus: 'STOPPED',
    StopCode: end.stopCode,
    StoppedReason: end.reason,
    Containers: [
      {
        Name: 'builder',
        LastStatus: 'STOPPED',
        ...(end.exitCode === undefined ? {} : { ExitCode: end.exitCode }),
        ...(end.containerReason === undefined ? {} : { Reason: end.containerReason }),
      },
    ],
  };
}
