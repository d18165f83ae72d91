import { readFileSync, writeFileSync } from 'node:fs';
import { specDocument } from '../core/spec/document.ts';
import { specJsonSchema } from '../core/spec/json-schema.ts';

/**
 * Writes docs/spec.md and docs/spec.schema.json from core/spec. With --check it writes nothing and exits 1 where a file
 * is not what it would write.
 */
const generated = [
  { file: new URL('../docs/spec.md', import.meta.url), text: specDocument() },
  {
    file: new URL('../docs/spec.schema.json', import.meta.url),
    text: `${JSON.stringify(specJsonSchema(), null, 2)}\n`,
  },
];

function presentText(file: URL): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

for (const { file, text } of generated) {
  if (presentText(file) === text) continue;
  if (process.argv.includes('--check')) {
    console.error(`${file.pathname} is out of date: run \`node scripts/generate-spec.ts\`.`);
    process.exitCode = 1;
  } else writeFileSync(file, text);
}
