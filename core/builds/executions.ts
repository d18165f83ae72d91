import { toJsonObject } from '../json.ts';
import type { Flow } from '../ports/flow.ts';
import type { Table } from '../ports/table.ts';
import type { FlowInput } from './flow-messages.ts';
import { listStages } from './stage-repository.ts';

/** Starts the execution of a build that is running; one that was started before is left alone. */
export async function startExecution(ports: { table: Table; flow: Flow }, buildId: string): Promise<void> {
  const stages = await listStages(ports.table, buildId);
  const input: FlowInput = {
    buildId,
    stages: stages.map(({ value: { id, needs, after = [] } }) => ({
      stageId: id,
      waits: needs.length + after.length > 0,
    })),
  };
  await ports.flow.start(buildId, toJsonObject(input));
}
