import { lockInstance } from '../../local/instance-lock.ts';

/** Holds the lock of a folder, says so, and lives until it is killed. */
await lockInstance(process.argv[2] ?? '');
process.stdout.write('locked\n');
setInterval(() => undefined, 60_000);
