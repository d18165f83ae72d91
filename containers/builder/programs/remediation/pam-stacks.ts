/** A profile of pam-auth-update(8): fields by name, those of several lines with all of them. */
type Profile = ReadonlyMap<string, string>;

/** Stacks that profiles of ours change, each with the name that its fields begin with. */
export const stacks = [
  { type: 'auth', field: 'Auth' },
  { type: 'account', field: 'Account' },
  { type: 'password', field: 'Password' },
] as const;
type Stack = (typeof stacks)[number];

/** Reads a profile as pam-auth-update does: `Name: value`, and lines that go on with the field above them. */
export function readProfile(text: string): Profile {
  const fields = new Map<string, string>();
  let field = '';
  for (const raw of text.split('\n')) {
    const [, name, value = ''] = /^(\S+):\s+(.*?)\s*$/.exec(`${raw} `) ?? [];
    if (name !== undefined && !/^\s/.test(raw)) {
      field = name.replace(/-Final$/, '');
      fields.set(field, value);
    } else if (raw.trim() !== '' && field !== '') {
      fields.set(field, [fields.get(field) ?? '', raw.trim()].filter((line) => line !== '').join('\n'));
    }
  }
  return fields;
}

/** The names of the profiles that are on, as pam-auth-update has saved them for a stack. */
export const savedNames = (saved: string): string[] =>
  [...saved.matchAll(/^Module: (.+)$/gm)].map(([, name = '']) => name).filter((name) => name !== 'null');

const primaryStart = /^# here are the per-package modules \(the "Primary" block\)/;
const primaryEnd = /^# here's the fallback if no module succeeds/;

/** The modules of a stack’s primary block, by the priorities of their profiles, the higher first. */
function primaryModules(stack: Stack, names: readonly string[], profiles: ReadonlyMap<string, Profile>) {
  const of = (name: string, field: string) => profiles.get(name)?.get(field);
  const priority = (name: string) => Number(of(name, 'Priority') ?? 0);
  return names
    .filter((name) => of(name, `${stack.field}-Type`) === 'Primary')
    .toSorted((one, other) => priority(other) - priority(one) || (one < other ? 1 : -1))
    .map((name, position) => {
      const first = position === 0 ? of(name, `${stack.field}-Initial`) : undefined;
      return { name, lines: (first ?? of(name, stack.field) ?? '').split('\n').filter((line) => line !== '') };
    });
}

/** The lines of a block: `end` of a jump is how many lines are to be leapt over to come behind the block. */
function blockOf(stack: Stack, lines: readonly string[]): string[] {
  return lines.map((line, position) => {
    // The white space between control and module is what pam-auth-update knows a line by.
    const [, control = '', module = '', rest = ''] = /^(\[[^\]]*\]|\w+)(\s+\S+)\s*(.*)$/.exec(line) ?? [];
    return `${stack.type}\t${control.replaceAll('end', String(lines.length - position))}${module} ${rest.trim()}`;
  });
}

const withoutSpaces = (line: string): string => line.trim().split(/\s+/).join(' ');

/** A stack with profiles added: the file, and what pam-auth-update keeps of it. */
export interface ChangedStack {
  readonly text: string;
  readonly saved: string;
}

/**
 * Adds profiles to a stack as pam-auth-update would.
 * @param text of /etc/pam.d/common-TYPE; @param saved of /var/lib/pam/TYPE
 * @returns undefined where somebody has changed the stack by hand: pam-auth-update leaves such a one alone, too
 */
export function withProfiles(
  stack: Stack,
  { text, saved }: ChangedStack,
  added: readonly string[],
  profiles: ReadonlyMap<string, Profile>,
): ChangedStack | undefined {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => primaryStart.test(line));
  const end = lines.findIndex((line) => primaryEnd.test(line));
  if (start < 0 || end < start) return undefined;
  const before = savedNames(saved);
  const present = lines.slice(start + 1, end).filter((line) => line.trim() !== '');
  const known = primaryModules(stack, before, profiles);
  const expected = blockOf(
    stack,
    known.flatMap((module) => module.lines),
  );
  if (present.map(withoutSpaces).join('\n') !== expected.map(withoutSpaces).join('\n')) return undefined;
  const names = [...before, ...added.filter((name) => !before.includes(name))];
  const modules = primaryModules(stack, names, profiles);
  if (modules.length === known.length) return { text, saved };
  const block = blockOf(
    stack,
    modules.flatMap((module) => module.lines),
  );
  // What is in the second block stays where it is, behind the first.
  const others = sections(saved).filter(({ name }) => !known.some((module) => module.name === name) && name !== 'null');
  const kept = modules.map(({ name, lines: own }) => `Module: ${name}\n${own.join('\n')}\n`);
  return {
    text: [...lines.slice(0, start + 1), ...block, ...lines.slice(end)].join('\n'),
    saved: [...kept, ...others.map(({ section }) => section)].join(''),
  };
}

function sections(saved: string): { readonly name: string; readonly section: string }[] {
  return saved
    .split(/^(?=Module: )/m)
    .filter((section) => section !== '')
    .map((section) => ({ name: /^Module: (.+)$/m.exec(section)?.[1] ?? '', section }));
}
