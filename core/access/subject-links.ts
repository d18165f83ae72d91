import { z } from 'zod';
import { digestOf, type Sha256 } from '../digest.ts';
import { EngineError } from '../errors.ts';
import type { Table, TableKey, TableWrite } from '../ports/table.ts';
import type { VerifiedToken } from '../ports/token-verifier.ts';
import type { OidcSettings } from '../wiring/oidc.ts';
import type { MemberRecord } from './member-record.ts';

/** Who a subject of the issuer is here: one member of the installation. */
const linkSchema = z.strictObject({ tenantId: z.string(), memberId: z.string() });
type Link = z.infer<typeof linkSchema>;

const linkPlace = (link: Sha256): TableKey => ({ partition: `SUBJECT#${link}`, sort: 'SUBJECT' });

/**
 * Names a subject in the installation. Where tokens tell their tenant, a subject is one in each tenant: no tenant then
 * takes a subject from another, or learns that another has it.
 */
function linkOf({ issuer, tenantClaim }: OidcSettings, tenantId: string, subject: string): Sha256 {
  return digestOf({ issuer, subject, ...(tenantClaim === undefined ? {} : { tenantId }) });
}

/** The member that a token is of; undefined where nobody is linked to its subject. */
export async function linkedMember(
  table: Table,
  oidc: OidcSettings,
  { subject, claims }: VerifiedToken,
): Promise<Link | undefined> {
  const claimed = oidc.tenantClaim === undefined ? '' : claims[oidc.tenantClaim];
  if (typeof claimed !== 'string') return undefined;
  const stored = await table.get(linkPlace(linkOf(oidc, claimed, subject)));
  return stored === undefined ? undefined : linkSchema.parse(stored.data);
}

/** A member as it is linked, and the writes that make it so. */
export interface Linking {
  readonly link: Pick<MemberRecord, 'oidcSubject' | 'oidcLink'>;
  readonly writes: readonly TableWrite[];
}

/**
 * Links a member to a subject in place of the one before.
 * @param subject null: to none; undefined: as it was
 * @throws EngineError oidc.not_configured, member.subject_taken
 */
export async function linkSubject(
  table: Table,
  oidc: OidcSettings | undefined,
  { tenantId, memberId, oidcSubject, oidcLink }: MemberRecord,
  subject: string | null | undefined,
): Promise<Linking> {
  if (subject === undefined) {
    return { link: oidcSubject === undefined || oidcLink === undefined ? {} : { oidcSubject, oidcLink }, writes: [] };
  }
  const unlink: readonly TableWrite[] = oidcLink === undefined ? [] : [{ kind: 'delete', key: linkPlace(oidcLink) }];
  if (subject === null) return { link: {}, writes: unlink };
  if (oidc === undefined)
    throw new EngineError('oidc.not_configured', 'The installation takes no tokens of an issuer.');
  const link = linkOf(oidc, tenantId, subject);
  const linked = { oidcSubject: subject, oidcLink: link };
  const stored = await table.get(linkPlace(link));
  if (stored === undefined) {
    const data = { tenantId, memberId } satisfies Link;
    const put: TableWrite = { kind: 'put', key: linkPlace(link), data, condition: { kind: 'absent' } };
    return { link: linked, writes: [...(oidcLink === link ? [] : unlink), put] };
  }
  const other = linkSchema.parse(stored.data);
  if (other.tenantId !== tenantId || other.memberId !== memberId) throw subjectTaken();
  return { link: linked, writes: oidcLink === link ? [] : unlink };
}

/** The writes that let a subject go with its member. */
export const unlinkWrites = ({ oidcLink }: MemberRecord): readonly TableWrite[] =>
  oidcLink === undefined ? [] : [{ kind: 'delete', key: linkPlace(oidcLink) }];

function subjectTaken(): EngineError {
  return new EngineError('member.subject_taken', 'Another member is linked to this subject.');
}
