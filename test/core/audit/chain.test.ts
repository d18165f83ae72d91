import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkLinks, emptyChain, headOf, type Link, linkAfter, storedLinkSchema } from '../../../core/audit/chain.ts';
import { type AuditEntry, auditActions } from '../../../core/audit/entry.ts';

const text = fc.string({ maxLength: 20 });
const entries: fc.Arbitrary<AuditEntry> = fc.record({
  entryId: fc.integer({ min: 0, max: 99_999 }).map((number) => `aud_${String(number).padStart(26, '0')}`),
  tenantId: fc.constant('ten_1'),
  at: fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }).map((at) => at.toISOString()),
  action: fc.constantFrom(...auditActions),
  actor: fc.record({ memberId: text, keyId: text, requestId: text }),
  target: text,
  detail: fc.dictionary(text, fc.oneof(text, fc.integer(), fc.boolean())),
});

function chainOf(list: readonly AuditEntry[]): Link[] {
  const links: Link[] = [];
  for (const entry of list) {
    const last = links.at(-1);
    links.push(linkAfter(last === undefined ? emptyChain : headOf(last), entry));
  }
  return links;
}

const chains = fc.array(entries, { minLength: 1, maxLength: 8 }).map(chainOf);

it('a chain that was made is whole, in one piece or in two (property)', () => {
  fc.assert(
    fc.property(chains, fc.nat(), (links, cut) => {
      const at = cut % (links.length + 1);
      const whole = checkLinks(links);
      const first = checkLinks(links.slice(0, at));
      expect(whole).toEqual({ head: { sequence: links.length, hash: links.at(-1)?.hash } });
      expect('head' in first ? checkLinks(links.slice(at), first.head) : first).toEqual(whole);
    }),
    { numRuns: 1_000 },
  );
});

it('any one bit of any stored entry that is another is found, at that entry (property)', () => {
  let changed = 0;
  fc.assert(
    fc.property(chains, fc.nat(), fc.nat(), (links, which, bit) => {
      const at = which % links.length;
      const bytes = Buffer.from(JSON.stringify(links[at]));
      const index = bit % (bytes.length * 8);
      bytes[index >> 3] = (bytes[index >> 3] ?? 0) ^ (1 << (index & 7));
      const altered = parsed(bytes.toString('utf8'));
      // What is no JSON any more the store itself refuses; a bit in the number moves the entry elsewhere.
      fc.pre(altered !== undefined && altered.sequence === links[at]?.sequence);
      fc.pre(JSON.stringify(altered) !== JSON.stringify(links[at]));
      changed += 1;
      const found = checkLinks(
        links.map((link, position) => (position === at && altered !== undefined ? altered : link)),
      );
      expect(found).toMatchObject({ flaw: { sequence: at + 1 } });
    }),
    { numRuns: 2_000 },
  );
  expect(changed).toBeGreaterThanOrEqual(2_000);
});

function parsed(json: string) {
  try {
    const read = storedLinkSchema.safeParse(JSON.parse(json));
    return read.success ? read.data : undefined;
  } catch {
    return undefined;
  }
}

it('an entry that is taken out, put in or moved is found (property)', () => {
  fc.assert(
    fc.property(fc.array(entries, { minLength: 3, maxLength: 8 }).map(chainOf), fc.nat(), (links, which) => {
      const at = which % (links.length - 1);
      const without = links.filter((_, position) => position !== at);
      expect(checkLinks(without)).toMatchObject({ flaw: { sequence: at + 1 } });
      const renumbered = without.map((link, position) => ({ ...link, sequence: position + 1 }));
      expect(checkLinks(renumbered)).toHaveProperty('flaw');
      const swapped = [...links.slice(0, at), ...links.slice(at, at + 2).reverse(), ...links.slice(at + 2)];
      expect(checkLinks(swapped.map((link, position) => ({ ...link, sequence: position + 1 })))).toHaveProperty('flaw');
    }),
    { numRuns: 1_000 },
  );
});
