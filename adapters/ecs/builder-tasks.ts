import {
  DescribeTasksCommand,
  type ECSClient,
  ListTasksCommand,
  StopTaskCommand,
  type Task,
} from '@aws-sdk/client-ecs';
import type { BuilderTasks } from '../../core/ports/builder-tasks.ts';
import { isNamed, serviceFailure } from '../aws/service-failure.ts';

/** Longest reason that StopTask takes. */
const maximumReason = 255;
/** ListTasks answers 100 a page, and DescribeTasks takes 100 a call. */
const pageSize = 100;

/**
 * Builder tasks of one ECS cluster. Tasks carry the tags lbuild:build, lbuild:stage and lbuild:attempt, which the state
 * machine sets as it starts them; a task without them was started by somebody else and is left alone.
 */
export function createBuilderTasks(options: {
  readonly client: ECSClient;
  readonly cluster: string;
  /** Family of the builder's task definition. */
  readonly family: string;
}): BuilderTasks {
  const { client, cluster, family } = options;
  return {
    stop: async (task, reason) => {
      try {
        await client.send(new StopTaskCommand({ cluster, task, reason: reason.slice(0, maximumReason) }));
      } catch (error) {
        // ECS says InvalidParameterException ("The referenced task was not found") of a task that it has forgotten.
        if (!isNamed(error, 'InvalidParameterException')) throw serviceFailure('ECS', error);
      }
    },
    running: async () => {
      try {
        const tasks: Task[] = [];
        let nextToken: string | undefined;
        do {
          const page = await client.send(
            new ListTasksCommand({ cluster, family, desiredStatus: 'RUNNING', maxResults: pageSize, nextToken }),
          );
          if (page.taskArns !== undefined && page.taskArns.length > 0) {
            const described = await client.send(
              new DescribeTasksCommand({ cluster, tasks: page.taskArns, include: ['TAGS'] }),
            );
            tasks.push(...(described.tasks ?? []));
          }
          nextToken = page.nextToken;
        } while (nextToken !== undefined);
        return tasks.flatMap(runningTask);
      } catch (error) {
        throw serviceFailure('ECS', error);
      }
    },
  };
}

type RunningTask = Awaited<ReturnType<BuilderTasks['running']>>[number];

/** The task as the port tells of it; none where it has stopped or is not a builder. */
function runningTask(task: Task): readonly RunningTask[] {
  const tags = new Map(task.tags?.map((tag) => [tag.key, tag.value]));
  const buildId = tags.get('lbuild:build');
  const stageId = tags.get('lbuild:stage');
  const attempt = Number(tags.get('lbuild:attempt'));
  const startedAt = task.startedAt ?? task.createdAt;
  if (task.lastStatus === 'STOPPED' || task.taskArn === undefined || startedAt === undefined) return [];
  if (buildId === undefined || stageId === undefined || !Number.isInteger(attempt)) return [];
  return [{ taskId: task.taskArn, buildId, stageId, attempt, startedAt }];
}
