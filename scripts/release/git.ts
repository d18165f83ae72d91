import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Standard output of git in a folder, without the last line's end. @throws Error with git's own words */
export async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execute('git', [...args], { cwd: folder, maxBuffer: 64 * 1024 ** 2 });
  return stdout.trimEnd();
}

/** Whether git ends with 0: for the commands that answer a question by that. */
export async function gitAgrees(folder: string, ...args: readonly string[]): Promise<boolean> {
  return git(folder, ...args).then(
    () => true,
    () => false,
  );
}
