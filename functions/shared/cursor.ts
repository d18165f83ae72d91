import { equalSecrets, signText } from '../../core/digest.ts';
import { EngineError } from '../../core/errors.ts';

/**
 * Wraps a cursor so that nobody can make one or use it with another query: `<base64url>.<HMAC-SHA-256>`. `scope` is
 * all that the cursor is bound to: operation, tenant, filters.
 */
export function sealCursor(secret: string, scope: readonly string[], value: string): string {
  const payload = Buffer.from(value, 'utf8').toString('base64url');
  return `${payload}.${signature(secret, scope, payload)}`;
}

/**
 * Unwraps what `sealCursor` made for the same scope.
 * @throws EngineError cursor.invalid
 */
export function openCursor(secret: string, scope: readonly string[], sealed: string): string {
  const [payload = '', mark = '', ...rest] = sealed.split('.');
  if (rest.length > 0 || !equalSecrets(mark, signature(secret, scope, payload))) {
    throw new EngineError('cursor.invalid', 'The cursor was not made for this query.');
  }
  return Buffer.from(payload, 'base64url').toString('utf8');
}

function signature(secret: string, scope: readonly string[], payload: string): string {
  return signText(JSON.stringify([...scope, payload]), secret);
}
