import { bearerToken } from '../../core/access/api-key.ts';
import { authenticate, needAddress } from '../../core/access/authenticate.ts';
import { createKeyUseRecorder } from '../../core/access/key-use.ts';
import type { Principal } from '../../core/access/principal.ts';
import { type Reach, reachWith } from '../../core/access/reach.ts';
import { createRefusalRecorder } from '../../core/audit/refusals.ts';
import { createCallCounter } from '../../core/billing/call-counter.ts';
import { EngineError } from '../../core/errors.ts';
import type { Ports } from '../../core/ports/ports.ts';
import { createRateLimiter } from '../../core/protection/rate-limiter.ts';
import type { HttpRequest, Operation, OperationContext } from './operation.ts';
import { asEngineError } from './problem.ts';

/** Who may pass, and what is written down of it. */
export interface Admission {
  /**
   * Who calls, by what the operation takes.
   * @throws EngineError access.unauthenticated, ticket.refused
   */
  identify(
    operation: Operation,
    request: HttpRequest,
    requestId: string,
  ): Promise<Pick<OperationContext, 'principal' | 'ticket'>>;
  /**
   * Lets somebody who is known pass, or says why not.
   * @param headers of the answer, whatever it is: how much of their rate is left
   * @returns over what they may do it: a permission that is held inside teams alone counts only where the operation says so
   * @throws EngineError access.address_refused, request.rate_limited, access.forbidden
   */
  admit(operation: Operation, principal: Principal, headers: Record<string, string>): Promise<Reach>;
  /**
   * Writes down that a known caller was refused for want of rights, whoever found that out.
   * @returns the error that is to be answered: the same, or why it could not be written down
   */
  refusal(operationId: string, principal: Principal | undefined, error: EngineError): Promise<EngineError>;
}

export function createAdmission(ports: Pick<Ports, 'installation' | 'table' | 'clock' | 'ids' | 'tokens'>): Admission {
  const uses = createKeyUseRecorder(ports);
  const { rateLimit } = ports.installation;
  const limiter = rateLimit === undefined ? undefined : createRateLimiter(ports, rateLimit);
  const refusals = createRefusalRecorder(ports);
  const calls = createCallCounter(ports);
  return {
    async identify({ access }, { headers, sourceAddress }, requestId) {
      const { authorization } = headers;
      if (access.kind === 'public') return {};
      if (access.kind === 'permission') {
        return { principal: await authenticate(ports, { authorization, sourceAddress, requestId }) };
      }
      const ticket = bearerToken(authorization);
      if (ticket === undefined) throw new EngineError('ticket.refused', 'The request carries no ticket.');
      return { ticket };
    },
    async admit({ access }, principal, headers) {
      // First: whoever has found a key may not use up the rate of those whom it is for.
      needAddress(principal);
      const rate = await limiter?.take(principal.keyId);
      Object.assign(headers, rate?.headers);
      if (rate?.passes === false) {
        const { retryAfterSeconds } = rate;
        throw new EngineError('request.rate_limited', 'The key has used up its requests.', { retryAfterSeconds });
      }
      await uses.used(principal, principal.sourceAddress);
      await calls.count(principal.tenantId);
      if (access.kind !== 'permission') throw new Error('the operation is not one with access by permission');
      const reach = reachWith(principal, access.permission);
      if (reach === undefined || (reach.teams !== 'all' && access.inTeam !== true)) {
        throw new EngineError('access.forbidden', `This needs the permission ${access.permission}.`);
      }
      return reach;
    },
    async refusal(operation, principal, error) {
      if (principal === undefined) return error;
      try {
        await refusals.refused(principal, { operation, code: error.code, detail: error.detail });
        return error;
      } catch (thrown) {
        return asEngineError(thrown);
      }
    },
  };
}
