import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';
import { complianceDocument } from '../core/compliance/document.ts';
import { eventDocument } from '../core/events/document.ts';
import { importDocumentation } from '../core/import/document.ts';
import { capabilityDocument } from '../core/spec/capability-document.ts';
import { specDocument } from '../core/spec/document.ts';
import { specFileJsonSchema, templateJsonSchema } from '../core/templates/json-schema.ts';

/**
 * Writes docs/spec.md, docs/spec.schema.json and docs/capabilities.md from core/spec, docs/template.schema.json from
 * core/templates, docs/compliance-checks.md from core/compliance, docs/events.md from core/events, docs/import.md from
 * core/import, and the presets as JSON for the functions, which have no other files beside their code. With --check it writes nothing and exits 1 where a file is not what it would write.
 */
const generated = [
  { file: new URL('../docs/spec.md', import.meta.url), text: specDocument() },
  {
    file: new URL('../docs/spec.schema.json', import.meta.url),
    text: `${JSON.stringify(specFileJsonSchema(), null, 2)}\n`,
  },
  {
    file: new URL('../docs/template.schema.json', import.meta.url),
    text: `${JSON.stringify(templateJsonSchema(), null, 2)}\n`,
  },
  { file: new URL('../docs/capabilities.md', import.meta.url), text: capabilityDocument() },
  { file: new URL('../docs/compliance-checks.md', import.meta.url), text: complianceDocument() },
  { file: new URL('../docs/events.md', import.meta.url), text: eventDocument() },
  { file: new URL('../docs/import.md', import.meta.url), text: importDocumentation() },
  {
    file: new URL('../functions/shared/generated/presets.json', import.meta.url),
    text: `${JSON.stringify(presetDocument(), null, 2)}\n`,
  },
];

/** Each preset as a user could have posted it, by the name of its file. */
function presetDocument(): { name: string; spec: unknown }[] {
  const folder = new URL('../presets/', import.meta.url);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => {
      const spec: unknown = parse(readFileSync(new URL(name, folder), 'utf8'));
      return { name: name.slice(0, -'.yaml'.length), spec };
    });
}

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
  } else {
    mkdirSync(new URL('.', file), { recursive: true });
    writeFileSync(file, text);
  }
}
