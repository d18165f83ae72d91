import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ExecOptions, ExecResult } from '../../../containers/builder/contract.ts';

/** Runs a command of this machine as a builder runs one of its root’s: Perl is in every Debian. */
export async function hostCommand(
  [command, ...rest]: readonly [string, ...string[]],
  { stdin = '' }: ExecOptions = {},
): Promise<ExecResult> {
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stdin.end(stdin);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
  return { code, stdout };
}
