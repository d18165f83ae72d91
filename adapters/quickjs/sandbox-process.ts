import { compileEngine } from './engine-module.ts';
import type { FetchReply, SandboxMessage, SandboxStart } from './messages.ts';
import { Sandbox } from './sandbox.ts';

/**
 * The process of one run: it is told what to run, tells how it goes, and is ended with it. Whoever started it is trusted;
 * it ends too where that one has.
 */
const tell = (message: SandboxMessage, then?: () => void): void => {
  process.send?.(message, undefined, undefined, then);
};

async function run(start: SandboxStart): Promise<void> {
  const sandbox = new Sandbox(start, await compileEngine(start.engineFile, start.limits.memoryBytes), tell);
  process.on('message', ({ id, answer }: FetchReply) => sandbox.answer(id, answer));
  tell(await sandbox.run(), () => process.exit());
}

process.once('message', (start: SandboxStart) => void run(start));
process.once('disconnect', () => process.exit());
