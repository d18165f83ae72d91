import { type ExitName, exitCodes } from './exit-codes.ts';

/** Sets the exit code of this process; it ends once what it writes is written. */
export function setExit(name: ExitName): void {
  process.exitCode = exitCodes[name].code;
}
