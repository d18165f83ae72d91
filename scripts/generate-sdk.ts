import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from '@hey-api/openapi-ts';
import { operations } from '../functions/api/operations.ts';
import { openapiDocument } from '../functions/shared/openapi/document.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const documentFile = 'docs/openapi.json';
const sdkFolder = 'sdk/generated';

/**
 * Files of the generator's own run-time part that do not compile under exactOptionalPropertyTypes and without the DOM's
 * types. A test compiles them without that option and with these types, and finds that each is rightly in this list.
 */
export const looselyTyped: readonly string[] = [
  'client/client.gen.ts',
  'client/utils.gen.ts',
  'core/params.gen.ts',
  'core/pathSerializer.gen.ts',
  'core/serverSentEvents.gen.ts',
];
export const unchecked =
  '// @ts-nocheck Part of the generator: it does not compile under exactOptionalPropertyTypes.\n';

/**
 * Generates the OpenAPI document from the operations, and the SDK from the document. With `--check` nothing is
 * written: it fails where a file is not what would be written.
 */
export async function generateSdk(check: boolean): Promise<readonly string[]> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'lbuild-sdk-'));
  try {
    const wanted = new Map([[documentFile, documentText()], ...(await sdkFiles(scratch, documentText()))]);
    const stale: string[] = [];
    for (const [file, text] of wanted) {
      if ((await readIfThere(path.join(root, file))) !== text) stale.push(file);
    }
    for (const file of await filesBelow(path.join(root, sdkFolder))) {
      if (!wanted.has(`${sdkFolder}/${file}`)) stale.push(`${sdkFolder}/${file}`);
    }
    if (!check && stale.length > 0) {
      await rm(path.join(root, sdkFolder), { recursive: true, force: true });
      for (const [file, text] of wanted) {
        await mkdir(path.dirname(path.join(root, file)), { recursive: true });
        await writeFile(path.join(root, file), text);
      }
    }
    return stale;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function documentText(): string {
  return `${JSON.stringify(openapiDocument(operations, '1'), null, 2)}\n`;
}

async function sdkFiles(scratch: string, document: string): Promise<[string, string][]> {
  const input = path.join(scratch, 'openapi.json');
  const output = path.join(scratch, 'sdk');
  // The SDK is told where the engine is: an address of the document's would be one that it never asked for.
  const { servers: _servers, ...rest } = JSON.parse(document);
  await writeFile(input, JSON.stringify(rest));
  await createClient({
    input,
    output: { path: output, module: { extension: '.ts' }, entryFile: false },
    plugins: ['@hey-api/typescript', '@hey-api/sdk', '@hey-api/client-fetch'],
    logs: { level: 'silent' },
  });
  const files = await filesBelow(output);
  return Promise.all(
    files.map(
      async (file): Promise<[string, string]> => [
        `${sdkFolder}/${file}`,
        `${looselyTyped.includes(file) ? unchecked : ''}${await readFile(path.join(output, file), 'utf8')}`,
      ],
    ),
  );
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const check = process.argv.includes('--check');
  const stale = await generateSdk(check);
  for (const file of stale) console.log(`${check ? 'stale' : 'written'}: ${file}`);
  if (check && stale.length > 0) process.exitCode = 1;
}
