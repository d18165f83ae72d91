import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { testTitles } from './test-titles.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(path.join(root, 'docs/security/threat-model.md'), 'utf8');

/** Rows of threats: their number, what is threatened, how it is kept, and the tests that prove that. */
const rows = text.split('\n').flatMap((line) => {
  const cells = line.split('|').map((cell) => cell.trim());
  const [, id = '', threat = '', control = '', proofs = ''] = cells;
  return /^T\d+$/.test(id) ? [{ id, threat, control, proofs: proofs.split('<br>'), cells: cells.length }] : [];
});

/** ``[`test/x.test.ts`](../../test/x.test.ts) › its title`` */
const proofForm = /^\[`(?<shown>[^`]+)`\]\(\.\.\/\.\.\/(?<file>[^)]+)\) › (?<title>.+)$/;

describe('the threat model', () => {
  it('has rows, numbered from the first on, each with a threat, a control and a proof', () => {
    expect(rows.length).toBeGreaterThanOrEqual(40);
    expect(rows.map(({ id }) => id)).toEqual(rows.map((_, index) => `T${index + 1}`));
    expect(rows.filter(({ threat, control, cells }) => threat === '' || control === '' || cells !== 6)).toEqual([]);
  });

  it.each(rows.map((row) => [row.id, row.threat, row] as const))(
    '%s, "%s", names tests that there are',
    (_, __, row) => {
      for (const proof of row.proofs) {
        const { shown = '', file = '', title = '' } = proofForm.exec(proof)?.groups ?? {};
        expect([proof, shown]).toEqual([proof, file]);
        expect(file).toMatch(/^test\//);
        expect(existsSync(path.join(root, file)), file).toBe(true);
        // What the Markdown escapes, the source has not.
        expect(testTitles(root, file)).toContain(title.replaceAll('\\', ''));
      }
    },
  );
});
