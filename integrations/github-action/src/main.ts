import { runAction } from './run.ts';

// A job that is cancelled gets SIGINT, SIGTERM after 7.5 seconds, and is killed after 2.5 more.
const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopped.abort());
if (!(await runAction(process.env, { stopped: stopped.signal }))) process.exitCode = 1;
