/** A tag of the document: operations whose paths begin with one of these words after `/v1/`. */
interface TagOfPaths {
  readonly name: string;
  readonly description: string;
  readonly begins: readonly string[];
}

/** Tags in the order in which a reader meets them. Each operation has exactly one. */
export const tags: readonly TagOfPaths[] = [
  {
    name: 'builds',
    begins: ['builds'],
    description: 'Plan, start, follow, compare and end builds; their logs, artifacts, evidence and costs.',
  },
  {
    name: 'specs',
    begins: ['specs', 'capabilities'],
    description: 'Check a build spec without building it, and ask what can be built.',
  },
  {
    name: 'templates',
    begins: ['templates'],
    description: 'Specs with parameters, in immutable versions, that others start from.',
  },
  { name: 'locks', begins: ['locks'], description: 'Files that pin each package of a build, kept for later builds.' },
  { name: 'uploads', begins: ['uploads'], description: 'Files of the user that specs name by their SHA-256.' },
  { name: 'secrets', begins: ['secrets'], description: 'Values that specs name and that no answer ever shows.' },
  {
    name: 'cache',
    begins: ['cache'],
    description: 'Results of stages that later builds reuse: see, explain, empty, warm.',
  },
  {
    name: 'approvals',
    begins: ['approvals', 'approval-policies'],
    description: 'Builds that wait for a second person, and the policies that say which ones do.',
  },
  {
    name: 'retention',
    begins: ['retention'],
    description: 'How long artifacts are kept: policies, trash, legal holds, cleanups.',
  },
  {
    name: 'vulnerabilities',
    begins: ['vulnerabilities'],
    description: 'The vulnerability data that images are scanned with.',
  },
  {
    name: 'plugins',
    begins: ['plugins'],
    description: 'JavaScript of the tenant that changes and judges specs and plans: versions, grants.',
  },
  {
    name: 'webhooks',
    begins: ['webhooks'],
    description: 'Addresses that events are sent to, signed, and what was sent.',
  },
  {
    name: 'tenants',
    begins: ['tenant', 'tenants', 'quota'],
    description: 'Tenants, their quotas and their share of the machines.',
  },
  {
    name: 'members',
    begins: ['whoami', 'members', 'roles'],
    description: 'Who belongs to the tenant, what each may do, and who the caller is.',
  },
  { name: 'keys', begins: ['keys'], description: 'API keys: make, scope, rotate, revoke.' },
  { name: 'teams', begins: ['teams'], description: 'Teams inside a tenant, with members, quotas, budgets and shares.' },
  {
    name: 'billing',
    begins: ['usage', 'billing'],
    description: 'What was used and what it costs; invoices, budgets, rates. Many answer CSV too.',
  },
  { name: 'analytics', begins: ['analytics'], description: 'Figures of builds over days.' },
  { name: 'audit', begins: ['audit'], description: 'Who did what, in a log that proves itself whole.' },
  {
    name: 'maintenance',
    begins: ['maintenance', 'dead-letters'],
    description: 'For operators: whether builds are taken, and work that was given up.',
  },
  { name: 'stages', begins: ['stages'], description: 'For builders: what a running attempt asks the engine.' },
  {
    name: 'service',
    begins: ['health', 'openapi.json', 'signing-key', 'docs'],
    description: 'Health, this description, and the key that evidence is signed with. These need no key.',
  },
];

/**
 * The tag of a path.
 * @throws Error where no tag has it: a new resource needs one
 */
export function tagOf(path: string): string {
  const word =
    path
      .replace(/^\/v1\//, '/')
      .split('/')[1]
      ?.replace(/:.*$/, '') ?? '';
  const tag = tags.find(({ begins }) => begins.includes(word));
  if (tag === undefined) throw new Error(`no tag in functions/shared/openapi/tags.ts is for ${path}`);
  return tag.name;
}
