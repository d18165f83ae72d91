import { CliFailure } from './failure.ts';

/** Whether somebody sits before this process: asked is on a terminal alone. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

// Loaded where somebody is asked: most commands never do. What is asked goes to standard error, as all that is no result.
const load = () => import('@clack/prompts');
const shown = { output: process.stderr } as const;

/** Asks for a line of text. @throws CliFailure where the user breaks off */
export async function askText(message: string, initial?: string): Promise<string> {
  const { text } = await load();
  return answered(await text({ message, ...(initial === undefined ? {} : { initialValue: initial }), ...shown }));
}

/** Asks for a secret, which is not shown. @throws CliFailure where the user breaks off */
export async function askSecret(message: string): Promise<string> {
  const { password } = await load();
  const validate = (value: string | undefined) => ((value ?? '') === '' ? 'Nothing was typed.' : undefined);
  return answered(await password({ message, mask: '•', validate, ...shown }));
}

/** Asks for one of several. @throws CliFailure where the user breaks off */
export async function askChoice<T extends string>(
  message: string,
  choices: readonly { readonly value: T; readonly label: string; readonly hint?: string }[],
  initial?: T,
): Promise<T> {
  const { select } = await load();
  const options = choices.map(({ value, label, hint }) => ({
    value: value as string,
    label,
    ...(hint === undefined ? {} : { hint }),
  }));
  const answer = answered(
    await select<string>({ message, options, ...(initial === undefined ? {} : { initialValue: initial }), ...shown }),
  );
  const chosen = choices.find(({ value }) => value === answer);
  if (chosen === undefined) throw new Error(`${answer} was not to choose`);
  return chosen.value;
}

function answered(answer: string | symbol): string {
  if (typeof answer === 'string') return answer;
  throw new CliFailure('interrupted', { code: 'cli.interrupted', detail: 'Nothing was changed.', remedy: '' });
}
