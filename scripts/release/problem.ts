/**
 * Why a release does not go on: a stable code, what is wrong, and what helps. This module and those that run with rights to publish
 * import nothing but Node's own: no package's code sees these rights.
 */
export class ReleaseProblem extends Error {
  readonly code: string;
  constructor(code: string, reason: string, remedy: string) {
    super(`${reason} ${remedy}`);
    this.code = code;
  }
}

/** Runs the main part of a script: a problem is told on standard error, and the exit code is 1. */
export async function run(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof ReleaseProblem)) throw error;
    process.stderr.write(`${error.code}: ${error.message}\n`);
    process.exitCode = 1;
  }
}
