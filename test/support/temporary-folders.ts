import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** Makes empty folders, each its own, which go when the tests of the file are over. */
export function useFolders(name: string): () => string {
  const root = mkdtempSync(join(tmpdir(), `lbuild-${name}-`));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  let made = 0;
  return () => {
    made += 1;
    const folder = join(root, String(made));
    mkdirSync(folder);
    return folder;
  };
}
