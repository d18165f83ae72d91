import { z } from 'zod';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON. */
  json(): unknown;
}

/** Sends one request; redirects are answers, not orders. */
export async function call(
  address: string,
  options: {
    readonly method?: string;
    readonly key?: string;
    readonly body?: string | Uint8Array<ArrayBuffer>;
    readonly type?: string;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<Answer> {
  const response = await fetch(address, {
    method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
    redirect: 'manual',
    headers: {
      ...(options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }),
      ...(options.body === undefined ? {} : { 'content-type': options.type ?? 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: options.body }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: () => z.unknown().parse(JSON.parse(text)) };
}

/** A body without its request id, the one member that differs between answers that must be equal. */
export function withoutRequestId(answer: Answer): string {
  return answer.text.replaceAll(/req_[0-9A-Z]{26}/g, 'req');
}

export const problem = z.looseObject({
  code: z.string(),
  status: z.number(),
  detail: z.string(),
  requestId: z.string(),
  errors: z.array(z.object({ path: z.string(), code: z.string(), reason: z.string(), remedy: z.string() })),
});

/** The body as problem details. */
export function problemOf(answer: Answer): z.infer<typeof problem> {
  return problem.parse(answer.json());
}
