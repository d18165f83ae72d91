import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';
import { type Loopback, onLoopback } from './loopback.ts';

const askedSchema = z.object({ QuotaCode: z.string() });

/**
 * AWS's Service Quotas on loopback: GetServiceQuota (JSON 1.1), which no local part has.
 * @param values what the account may have, by quota code
 */
export async function openServiceQuotas(values: Readonly<Record<string, number>>): Promise<Loopback> {
  const server = createServer(async (request, response) => {
    const { QuotaCode } = askedSchema.parse(await json(request));
    const Value = values[QuotaCode];
    const known = request.headers['x-amz-target'] === 'ServiceQuotasV20190624.GetServiceQuota' && Value !== undefined;
    response.writeHead(known ? 200 : 400, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(known ? { Quota: { QuotaCode, Value } } : { __type: 'NoSuchResourceException' }));
  });
  return await onLoopback(server);
}
