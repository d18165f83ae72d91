import type { EngineDesk } from './desk.ts';

/** A text, or how it is found when a command needs it. */
export type Found<D> = string | ((desk: D, command: string) => string | Promise<string>);

/**
 * What a reader of a document has at hand, so that its commands can be run as they stand there. Commands are named by
 * how they begin; a name that no command of the document begins with fails the test.
 */
export interface Scene<D = EngineDesk> {
  /** Path from the project's root. */
  readonly document: string;
  /** Files in the reader's folder. */
  readonly files?: Readonly<Record<string, string>>;
  /** Words of the document that stand for something of the reader's: `ID`, a date that must lie in the past. */
  readonly names?: Readonly<Record<string, Found<D>>>;
  /** What has happened before a command. */
  readonly before?: Readonly<Record<string, (desk: D) => unknown>>;
  /** API key in place of the owner's. */
  readonly as?: Readonly<Record<string, Found<D>>>;
  /** What the command reads from standard input. */
  readonly input?: Readonly<Record<string, Found<D>>>;
  /** More in the environment of a command. */
  readonly environment?: Readonly<Record<string, Readonly<Record<string, Found<D>>>>>;
  /** What a command says on standard output, for those that say something that the document promises. */
  readonly says?: Readonly<Record<string, RegExp>>;
  /** How a command ends, where that is not by 0. */
  readonly ends?: Readonly<Record<string, number>>;
  /** Commands that another scene of the same document runs, or that nothing can run (`unrun`). */
  readonly left?: readonly string[];
  /** What is run in place of the command's beginning: the same with less to do, or as far as it can be run here. */
  readonly instead?: Readonly<Record<string, string>>;
  /** What is to be taken away after the last one. */
  readonly after?: (desk: D) => unknown;
}
