/** What runs stages: Fargate, Managed Instances, or processes of this machine. The state machine starts them. */
export interface BuilderTasks {
  /** Ends a task and everything in it: a signal first, then force. One that is over or unknown is no error. */
  stop(taskId: string, reason: string): Promise<void>;
  /** Tasks that have not ended, with the build and stage they were started for. */
  running(): Promise<readonly { taskId: string; buildId: string; stageId: string; attempt: number; startedAt: Date }[]>;
}
