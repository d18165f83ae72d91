import { describe, expect, it } from 'vitest';
import { createCors } from '../../local/http/cors.ts';
import { resourcesOf, synthesize } from './template.ts';

const origins = ['https://console.example', 'http://localhost:5173'];

/** What the gateway does for pages of other origins. */
function gatewayCors(context: Readonly<Record<string, unknown>> = {}) {
  const [api] = [...resourcesOf(synthesize(context).template, 'AWS::ApiGatewayV2::Api').values()];
  return api?.Properties.CorsConfiguration;
}

describe('pages of other origins', () => {
  const closed = gatewayCors();
  const open = gatewayCors({ 'cors.origins': origins.join(',') });

  it('may not call the API of a deployment unless it is said', () => {
    expect(closed).toBeUndefined();
  });

  it('may use the stores by signed addresses where they may call the API', () => {
    const rulesOf = (context: Readonly<Record<string, unknown>>) =>
      [...resourcesOf(synthesize(context).template, 'AWS::S3::Bucket').values()].flatMap(({ Properties }) =>
        Properties.CorsConfiguration === undefined ? [] : [Properties.CorsConfiguration],
      );
    const rule = {
      ...{ AllowedHeaders: ['*'], AllowedMethods: ['GET', 'HEAD', 'PUT'], AllowedOrigins: ['*'], MaxAge: 3_600 },
      ExposedHeaders: ['etag', 'content-range'],
    };
    expect(rulesOf({ 'cors.origins': origins.join(',') })).toEqual([{ CorsRules: [rule] }, { CorsRules: [rule] }]);
    expect(rulesOf({})).toEqual([]);
  });

  it('may call it from the origins that are named, as on one machine', () => {
    expect(open).toEqual({
      AllowOrigins: origins,
      AllowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      AllowHeaders: ['authorization', 'content-type', 'idempotency-key'],
      ExposeHeaders: ['location', 'ratelimit', 'ratelimit-policy', 'retry-after', 'x-request-id'],
      MaxAge: 3_600,
    });
    const origin = origins[0] ?? '';
    const local = createCors(origins).preflight('OPTIONS', { origin, 'access-control-request-method': 'GET' });
    expect(local).toMatchObject({
      'access-control-allow-methods': 'GET,POST,PUT,PATCH,DELETE',
      'access-control-allow-headers': 'authorization,content-type,idempotency-key',
      'access-control-max-age': '3600',
    });
  });
});
