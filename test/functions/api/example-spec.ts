import { buildViewSchema } from '../../../core/builds/build-view.ts';
import { call } from './http-call.ts';

/** A small valid spec. */
export const exampleSpec = {
  schemaVersion: 1,
  name: 'edge-web',
  base: { distribution: 'debian', release: 'trixie', architecture: 'amd64' },
  packages: { install: ['openssh-server'] },
  outputs: [{ type: 'iso', label: 'EDGE' }, { type: 'tar' }],
} as const;

export const exampleYaml = `schemaVersion: 1
name: edge-web
base: { distribution: debian, release: trixie, architecture: amd64 }
packages: { install: [openssh-server] }
outputs: [{ type: iso, label: EDGE }, { type: tar }]
`;

/** Starts a build of the example and answers its id. */
export async function startExample(url: string, key: string): Promise<string> {
  const answer = await call(`${url}/v1/builds`, { key, body: JSON.stringify(exampleSpec) });
  return buildViewSchema.parse(answer.json()).id;
}
