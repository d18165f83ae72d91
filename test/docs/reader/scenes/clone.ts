import type { Desk } from '../desk.ts';
import type { Scene } from '../scene.ts';
import { awsEnvironment, closeAccount, tableOfAccount } from './deployment.ts';

/** The build of a name that was submitted last. */
async function latest(desk: Desk, name: string): Promise<string> {
  for await (const build of desk.client.builds.list()) if (build.name === name) return build.id;
  throw new Error(`there is no build ${name}`);
}

/** The reader's own image, as `lbuild init` names it. */
const own = (desk: Desk): Promise<string> => latest(desk, 'minimal');
const failed = (desk: Desk): Promise<string> => desk.built([{ id: 'broken', run: 'exit 3' }]);
const other = (desk: Desk): Promise<string> => desk.built([{ id: 'site', run: 'echo other > /srv/site' }]);

/** An address at which nothing is: the template is only made. */
const archive = 'http://archive.invalid/debian';

const readme: Scene<Desk> = {
  document: 'README.md',
  files: { 'blueprint.toml': 'name = "web"\n[[packages]]\nname = "nginx"\n' },
  names: {
    ID: (desk, command) => (command.includes('resume') ? failed(desk) : own(desk)),
    ...{ A: own, B: other, 'K.pem': 'key.pem', URL: archive, TABLE: tableOfAccount, NAME: 'acme' },
  },
  before: { 'npx lbuild verify-artifact': (desk) => desk.prepare('npx lbuild signing-key > key.pem') },
  // The engine is to stay for what comes then, as the README says itself.
  instead: { 'npm run quickstart': 'npm run quickstart -- --keep', 'npx cdk deploy': 'npx cdk synth --quiet' },
  says: {
    'npm run quickstart': /verified[\s\S]*qemu-system-x86_64[\s\S]*Done in/,
    'npx lbuild import': /nginx/,
    'npx lbuild verify-artifact': /verified/,
    'npx cdk synth': /AWSTemplateFormatVersion|Resources:/,
  },
  environment: awsEnvironment,
  left: ['npm test', 'npm run test:images'],
  after: closeAccount,
};

const deployment: Scene<Desk> = {
  document: 'docs/DEPLOYMENT.md',
  names: { URL: archive, N: '2' },
  instead: { 'npx cdk deploy': 'npx cdk synth --quiet', 'npx cdk synth': 'npx cdk synth --quiet' },
  left: ['npx lbuild', 'export', 'read', 'scripts/'],
};

const contributing: Scene<Desk> = {
  document: 'CONTRIBUTING.md',
  names: { '10000': '300' },
  // A release is made of a clean clone, and this one has what was made in it before.
  before: { 'npm run release:prepare': (desk) => desk.prepare('git stash --quiet --include-untracked') },
  instead: { 'npx vitest run test/core': 'npx vitest run test/core/spec' },
};

const simulation: Scene<Desk> = {
  document: 'docs/simulation.md',
  instead: {
    'npm run bench:simulation': 'npm run bench:simulation -- --builds 100 --measured 2',
    'npm run bench:simulation -- --scenario tenants':
      'npm run bench:simulation -- --scenario tenants --tenants 20 --builds 2000 --slots 10',
    'npm run test:storm': 'npm run test:storm -- --seeds 4',
    'npm run test:storm -- --planted all': 'npm run test:storm -- --planted dispatchBuilds --most 2',
  },
};

export const cloneScenes = [readme, deployment, contributing, simulation];
