import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const headSchema = z.strictObject({
  status: z.number().int(),
  type: z.string(),
  lastModified: z.string().optional(),
  size: z.number().int(),
  at: z.number(),
});

/** An answer of the archive: what is told of it, and the file with its body. */
export type StoredAnswer = z.infer<typeof headSchema> & { readonly file: string };

/** Indexes are taken again after so many milliseconds; package files never change. */
const indexLifetime = 24 * 3_600_000;

/** Answers of the archive in a folder, by address. */
export class ArchiveStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The answer for an address; undefined where there is none or it is an index that has grown old. */
  async find(address: string, now: number): Promise<StoredAnswer | undefined> {
    const file = this.#fileOf(address);
    try {
      const head = headSchema.parse(JSON.parse(await readFile(`${file}.json`, 'utf8')));
      if (!/\/pool\//.test(address) && now - head.at > indexLifetime) return undefined;
      if ((await stat(file)).size !== head.size) return undefined;
      return { ...head, file };
    } catch {
      // Absent, or cut short by the end of an earlier run: it is taken again.
      return undefined;
    }
  }

  /** Keeps an answer, whole or not at all. */
  async keep(address: string, answer: Omit<StoredAnswer, 'file' | 'size'>, body: Buffer): Promise<StoredAnswer> {
    await mkdir(this.#directory, { recursive: true });
    const file = this.#fileOf(address);
    const head = { ...answer, size: body.length };
    await rm(`${file}.json`, { force: true });
    await writeFile(`${file}.part`, body);
    await rename(`${file}.part`, file);
    await writeFile(`${file}.json.part`, JSON.stringify(head));
    await rename(`${file}.json.part`, `${file}.json`);
    return { ...head, file };
  }

  #fileOf(address: string): string {
    return join(this.#directory, createHash('sha256').update(address).digest('hex'));
  }
}
