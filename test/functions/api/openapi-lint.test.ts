import { fileURLToPath } from 'node:url';
import { type Config, createConfig, lintFromString, loadConfig } from '@redocly/openapi-core';
import { beforeAll, describe, expect, it } from 'vitest';
import document from '../../../docs/openapi.json' with { type: 'json' };

const configPath = fileURLToPath(new URL('../../../redocly.yaml', import.meta.url));
let config: Config;
beforeAll(async () => {
  config = await loadConfig({ configPath });
});

/** What the linter says, a line each. */
async function lint(text: object): Promise<readonly string[]> {
  const problems = await lintFromString({ source: JSON.stringify(text), absoluteRef: '/openapi.json', config });
  return problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} at ${location[0]?.pointer}`);
}

describe('the OpenAPI document, to Redocly’s linter', () => {
  it('has nothing that its rules find, warnings included', async () => {
    expect(await lint(document)).toEqual([]);
  });

  it('would not pass with a tag that is not described, an example that its schema refuses, an answer without a request id', async () => {
    const { get } = document.paths['/v1/health'];
    const broken = {
      ...document,
      paths: {
        ...document.paths,
        '/v1/health': {
          get: {
            ...get,
            tags: ['unknown'],
            responses: {
              200: {
                description: 'Success.',
                content: { 'application/json': { schema: { type: 'string' }, example: 5 } },
              },
            },
          },
        },
      },
    };
    const rules = (await lint(broken)).map((line) => line.split(':')[0]);
    expect(rules).toEqual(
      expect.arrayContaining([
        'operation-tag-defined',
        'no-invalid-media-type-examples',
        'operation-4xx-response',
        'response-contains-header',
      ]),
    );
  });

  it('is held to every rule but those that the file of rules gives a reason for', async () => {
    const strict = await createConfig({ extends: ['recommended-strict'] });
    const problems = await lintFromString({
      source: JSON.stringify(document),
      absoluteRef: '/openapi.json',
      config: strict,
    });
    expect([...new Set(problems.map(({ ruleId }) => ruleId))]).toEqual(['operation-2xx-response']);
  });
});
