import { readFileSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';

const file = new URL('../../.ci/run', import.meta.url);

it('.ci/run can be executed', () => {
  expect(statSync(file).mode & 0o111).toBe(0o111);
});

it('.ci/run calls npm test and nothing else', () => {
  const [first, ...lines] = readFileSync(file, 'utf8').split('\n');
  expect(first).toBe('#!/usr/bin/env bash');
  const commands = lines.filter((line) => line.trim() !== '' && !line.startsWith('#'));
  expect(commands).toEqual(['set -euo pipefail', 'cd "$(dirname "$0")/.."', 'exec npm test']);
});
