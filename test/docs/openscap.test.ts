import { expect, it } from 'vitest';
import { openscapDocument } from '../support/openscap/document.ts';

/** `vitest -u test/docs/openscap.test.ts` writes it anew. */
it('docs/compliance-openscap.md is what both are held to', async () => {
  await expect(openscapDocument()).toMatchFileSnapshot('../../docs/compliance-openscap.md');
});
