import { z } from 'zod';
import { openSqliteTable } from '../../../adapters/sqlite/sqlite-table.ts';
import { createSystemClock } from '../../../adapters/system/clock.ts';
import { openTaskRunner } from '../../../local/tasks/task-runner.ts';

/** An engine that does nothing but run one task, to be killed while it does. */
const settings = z
  .strictObject({
    directory: z.string(),
    builderRoot: z.string(),
    agentBundle: z.string(),
    request: z.strictObject({
      buildId: z.string(),
      stageId: z.string(),
      attempt: z.number(),
      manifestUrl: z.string(),
    }),
  })
  .parse(JSON.parse(process.argv[2] ?? ''));
const clock = createSystemClock();
const runner = await openTaskRunner({
  ...{ directory: settings.directory, builderRoot: settings.builderRoot, agentBundle: settings.agentBundle },
  ...{ mode: 'contained', slots: 1, packageCache: undefined, clock },
  table: openSqliteTable({ file: ':memory:', clock }),
  fileOf: (path) => path,
  log: { info: () => undefined },
});
await runner.run(settings.request, { taskId: 'tsk_killed', signal: new AbortController().signal });
