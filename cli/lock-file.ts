import { readFile, writeFile } from 'node:fs/promises';
import { buildLockSchema } from '../core/lock/build-lock.ts';
import type { LinuxBuilderClient } from '../sdk/client.ts';
import { CliFailure } from './failure.ts';

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The text of a lock's file, as `lbuild lock` writes it. @throws CliFailure where it cannot be read or is none */
async function readLockFile(file: string): Promise<string> {
  let text: string;
  let given: unknown;
  try {
    text = await readFile(file, 'utf8');
    given = JSON.parse(text);
  } catch (error) {
    throw new CliFailure(
      'usage',
      {
        code: 'cli.file_unreadable',
        detail: `${file} cannot be read: ${messageOf(error)}`,
        remedy: 'Name the file of a lock; `lbuild lock ID --output FILE` writes one.',
      },
      error,
    );
  }
  const parsed = buildLockSchema.safeParse(given);
  if (parsed.success) return text;
  const [issue] = parsed.error.issues;
  throw new CliFailure('usage', {
    code: 'cli.no_lock',
    detail: `${file} is no lock: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    remedy: 'Name a file as `lbuild lock ID --output FILE` writes it.',
  });
}

/**
 * Sends the lock in a file to the engine, which keeps it.
 * @returns what the calls of the SDK name it by; nothing where no file is given
 * @throws CliFailure; what the SDK throws
 */
export async function keptLock(engine: LinuxBuilderClient, file: string | undefined): Promise<{ lock?: string }> {
  if (file === undefined) return {};
  return { lock: (await engine.locks.upload({ text: await readLockFile(file) })).sha256 };
}

/** Writes the file of a lock. @throws CliFailure where it cannot be written */
export async function writeLockFile(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes);
  } catch (error) {
    throw new CliFailure(
      'usage',
      {
        code: 'cli.file_unwritable',
        detail: `${file} cannot be written: ${messageOf(error)}`,
        remedy: 'Name a file in a folder that you may write to.',
      },
      error,
    );
  }
}
