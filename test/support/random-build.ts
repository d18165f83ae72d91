import fc from 'fast-check';
import type { SmallStep } from './small-spec.ts';

/** What a test builds in several ways: sections of a spec, its steps, and what of it the cache loses. */
export interface RandomBuild {
  readonly sections: {
    readonly files: readonly { readonly path: string; readonly content: string; readonly mode: string }[];
    readonly groups: readonly { readonly name: string }[];
    readonly users: readonly { readonly name: string; readonly comment: string }[];
  };
  readonly steps: readonly SmallStep[];
  /** Numbers that choose among the steps of the plan. */
  readonly lost: readonly number[];
}

/** Of the minimal system; each step has one for itself, so that no two steps change a path differently. */
const ownOfBase = [
  '/etc/issue',
  '/usr/share/base-files',
  '/usr/share/common-licenses',
  '/etc/debian_version',
  '/etc/pam.d',
] as const;

/** Seconds that a step may take: the cost table splits branches of the long ones, and fuses those of the short. */
const bounds = [600, 600, 60] as const;

/** What a step does to its path of the base: `it` is that path. */
const changesOfBase = {
  none: '',
  remove: 'rm -r "$it"',
  replace: 'rm -r "$it"; echo replaced > "$it"',
  mode: 'chmod u=rwX,go= "$it"',
} as const;

/** What a step does with the folder that each step before it has left for it: `gift` is that folder. */
const usesOfGift = {
  keep: '',
  take: 'rm -r "$gift"',
  turn: 'rm -r "$gift"; echo turned > "$gift"',
  refill: 'rm -r "$gift"; mkdir "$gift"; echo refilled > "$gift/new"',
  link: 'ln "$gift/item" "$own/linked-$from"',
} as const;

/** What else a step may make in its own folder. */
const deeds = {
  links: 'ln "$own/file" "$own/hard"; ln -s file "$own/soft"',
  owner: 'chown 7:8 "$own/file"; chmod 4750 "$own/file"',
  sparse: 'truncate -s 3M "$own/sparse"',
  old: 'touch -d 2001-02-03T04:05:06.789 "$own/file"',
  names: 'echo odd > "$own/$(printf \'\\351 \\n.x\')"',
  // An old folder, and beside it a name that sorts between the folder and what it holds.
  folder: 'mkdir "$own/kept"; echo in > "$own/kept/in"; touch "$own/kept.x"; touch -d 2001-02-03 "$own/kept"',
  survey: 'printf "%s\\n" "$survey" > "$own/survey"',
} as const;

/**
 * All that a script can see of its tree before it changes something: names, modes, owners, times, sizes, links. Stored
 * by a step, it shows what another step in the same builder has left behind.
 */
const lookAround = [
  'survey=$(find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /run \\) -prune',
  "-o -type d -printf '%p %y %m %U %G %T@\\n' -o -printf '%p %y %m %U %G %T@ %s %n %l\\n' | LC_ALL=C sort)",
].join(' ');

interface Draft {
  readonly needs: readonly number[];
  readonly bound: (typeof bounds)[number];
  readonly base: keyof typeof changesOfBase;
  readonly gift: keyof typeof usesOfGift;
  readonly deeds: readonly (keyof typeof deeds)[];
}

const keysOf = <T extends object>(record: T): (keyof T)[] => Object.keys(record) as (keyof T)[];

const draftAt = (at: number): fc.Arbitrary<Draft> =>
  fc.record({
    needs: fc.subarray(Array.from({ length: at }, (_, before) => before)),
    bound: fc.constantFrom(...bounds),
    base: fc.constantFrom(...keysOf(changesOfBase)),
    gift: fc.constantFrom(...keysOf(usesOfGift)),
    deeds: fc.subarray(keysOf(deeds)),
  });

const nameAt = (at: number): string => `u${at}`;

/** A step writes in its own folder, in what was left for it alone, and to its own path of the base. */
function stepOf(drafts: readonly Draft[], draft: Draft, at: number): SmallStep {
  const id = nameAt(at);
  const dependents = drafts.flatMap(({ needs }, other) => (needs.includes(at) ? [nameAt(other)] : []));
  const lines = [
    draft.deeds.includes('survey') ? lookAround : '',
    `own=/srv/${id}; it=${ownOfBase[at] ?? ''}`,
    'mkdir "$own"; echo made > "$own/file"',
    ...dependents.map((other) => `mkdir "$own/for-${other}"; echo for ${other} > "$own/for-${other}/item"`),
    ...draft.needs.flatMap((need) => {
      const from = nameAt(need);
      return [
        `from=${from}; gift=/srv/${from}/for-${id}`,
        `cat "/srv/${from}/file" >> "$own/file"`,
        usesOfGift[draft.gift],
      ];
    }),
    changesOfBase[draft.base],
    ...draft.deeds.map((deed) => deeds[deed]),
  ];
  const run = lines.filter((line) => line !== '').join('\n');
  return { id, run, needs: draft.needs.map(nameAt), timeoutSeconds: draft.bound };
}

const steps = fc
  .constantFrom(1, 2, 3, 4, ownOfBase.length)
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, at) => draftAt(at))))
  .map((drafts) => drafts.map((draft, at) => stepOf(drafts, draft, at)));

const word = fc.stringMatching(/^[a-z]{3,8}$/);

/** Small builds whose steps branch and join, and of which no two write the same path differently. */
export const randomBuild: fc.Arbitrary<RandomBuild> = fc.record({
  sections: fc.record({
    files: fc.uniqueArray(
      fc.record({
        path: word.map((name) => `/srv/files/${name}`),
        content: word,
        mode: fc.constantFrom('0644', '0600', '0755'),
      }),
      { maxLength: 3, selector: ({ path }) => path },
    ),
    groups: fc.constantFrom([], [{ name: 'crew' }]),
    users: fc.oneof(
      fc.constant([]),
      word.map((comment) => [{ name: 'worker', comment }]),
    ),
  }),
  steps,
  lost: fc.array(fc.nat({ max: 1_000 }), { minLength: 1, maxLength: 4 }),
});
