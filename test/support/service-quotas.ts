import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';

/** AWS's Service Quotas on loopback: GetServiceQuota of the quotas given (JSON 1.1), which no local part has. */
export interface QuotasStandIn {
  readonly url: string;
  close(): Promise<void>;
}

const askedSchema = z.object({ QuotaCode: z.string() });

/** @param values what the account may have, by quota code */
export async function openServiceQuotas(values: Readonly<Record<string, number>>): Promise<QuotasStandIn> {
  const server = createServer(async (request, response) => {
    const { QuotaCode } = askedSchema.parse(await json(request));
    const Value = values[QuotaCode];
    const known = request.headers['x-amz-target'] === 'ServiceQuotasV20190624.GetServiceQuota' && Value !== undefined;
    response.writeHead(known ? 200 : 400, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(known ? { Quota: { QuotaCode, Value } } : { __type: 'NoSuchResourceException' }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
