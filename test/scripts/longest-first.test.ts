import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { longest } from '../../scripts/test/longest-first.ts';
import { project } from '../support/engine.ts';

it('the files that are begun with are there', () => {
  expect(longest.filter((name) => !existsSync(join(project, name)))).toEqual([]);
});
