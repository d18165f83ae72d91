import { readDocument } from '../markdown.ts';
import { commandsOf } from '../shell-commands.ts';
import type { Desk } from './desk.ts';
import type { Found, Scene } from './scene.ts';

/** Whether a scene runs a command of its document. */
export const isRunBy = <D>(scene: Scene<D>, command: string): boolean =>
  !(scene.left ?? []).some((name) => command.startsWith(name));

/** Commands of a scene's document that it runs, in the document's order. */
export const commandsToRun = <D>(scene: Scene<D>): string[] =>
  commandsOf(readDocument(scene.document)).filter((command) => isRunBy(scene, command));

/** Names of a scene that no command of its document begins with, and words that stand in none: what has gone stale. */
export function staleNames<D>(scene: Scene<D>): string[] {
  const commands = commandsOf(readDocument(scene.document));
  const { before, as, input, environment, says, ends, instead, left = [], names = {} } = scene;
  const beginnings = [before, as, input, environment, says, ends, instead].flatMap((table) => Object.keys(table ?? {}));
  return [
    ...[...beginnings, ...left].filter((name) => !commands.some((command) => command.startsWith(name))),
    ...Object.keys(names).filter((name) => !commands.some((command) => command.includes(name))),
  ];
}

/**
 * Runs a command of a document as its reader does.
 * @returns why it is not right: how it ended, and what it said; undefined where nothing is wrong
 */
export async function runCommand<D extends Desk>(
  desk: D,
  scene: Scene<D>,
  command: string,
): Promise<string | undefined> {
  await entryOf(scene.before, command)?.entry(desk);
  const line = await filledIn(desk, scene, command);
  const key = entryOf(scene.as, command)?.entry;
  const input = entryOf(scene.input, command)?.entry;
  const environment: Record<string, string> = {};
  for (const [name, found] of Object.entries(entryOf(scene.environment, command)?.entry ?? {})) {
    environment[name] = await find(desk, found, command);
  }
  const ended = await desk.shell(line, {
    environment,
    ...(key === undefined ? {} : { key: await find(desk, key, command) }),
    ...(input === undefined ? {} : { input: await find(desk, input, command) }),
  });
  const wanted = entryOf(scene.ends, command)?.entry ?? 0;
  const says = entryOf(scene.says, command)?.entry;
  if (ended.code === wanted && (says === undefined || says.test(ended.out))) return undefined;
  const why = ended.code === wanted ? `it does not say ${says}` : `it ended by ${ended.code}, and not by ${wanted}`;
  return `${line}\n${why}\n${ended.out}\n${ended.err}`;
}

/** What a document's name stands for at a desk. */
async function find<D extends Desk>(desk: D, found: Found<D>, command: string): Promise<string> {
  return typeof found === 'string' ? found : await found(desk, command);
}

/** The entry of a table whose name a command begins with; the longest of several. */
function entryOf<T>(table: Readonly<Record<string, T>> | undefined, command: string) {
  const entries = Object.entries(table ?? {}).filter(([name]) => command.startsWith(name));
  const [longest] = entries.sort(([a], [b]) => b.length - a.length);
  return longest === undefined ? undefined : { name: longest[0], entry: longest[1] };
}

/** A command as it is run: with what its names, which are whole words, stand for. */
async function filledIn<D extends Desk>(desk: D, scene: Scene<D>, command: string): Promise<string> {
  const other = entryOf(scene.instead, command);
  let line = other === undefined ? command : `${other.entry}${command.slice(other.name.length)}`;
  for (const [name, found] of Object.entries(scene.names ?? {})) {
    const word = new RegExp(`(?<![\\w.-])${name.replace(/[.*+?^$()[\]{}|\\]/g, '\\$&')}(?![\\w-])`, 'g');
    if (!word.test(line)) continue;
    const value = await find(desk, found, command);
    line = line.replace(word, () => value);
  }
  return line;
}
