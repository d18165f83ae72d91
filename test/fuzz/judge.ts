import { z } from 'zod';
import type { FuzzRequest } from './requests.ts';

/** An answer as it came over the wire. */
export interface FuzzAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Headers that a program may go by: an answer has them only where the document says so. */
const meaningful = ['allow', 'link', 'location', 'ratelimit', 'ratelimit-policy', 'retry-after', 'www-authenticate'];

const problemSchema = z.looseObject({ code: z.string(), status: z.number(), requestId: z.string() });

/** What is wrong with an answer; nothing: an empty list. */
export function judge(request: FuzzRequest, answer: FuzzAnswer): readonly string[] {
  const { operation, refused, misses } = request;
  const complaints: string[] = [];
  const { status } = answer;
  // On a machine that has no time for two seconds nothing is ready, and this one operation is there to say so.
  const isNotReady = operation.id === 'readReadiness' && status === 503;
  if (status >= 500 && !isNotReady) complaints.push(`answers ${status}`);
  // This one answers what is wrong with a body: that is what it is for.
  const says = operation.id === 'validateSpec' && status === 200 && answer.body.startsWith('{"valid":false');
  if ((refused !== undefined || misses) && !says && (status < 400 || status >= 500)) {
    complaints.push(`answers ${status} though the document refuses it`);
  }
  const problem = problemOf(answer);
  // What no operation is asked by, no operation answers.
  if (misses || ['request.not_found', 'request.headers_too_large'].includes(problem?.code ?? '')) {
    const known = misses || problem?.code === 'request.headers_too_large';
    if (!known) complaints.push(`answers ${problem?.code} though the operation is described`);
    return [...complaints, ...wrongProblem(request, answer, problem)];
  }
  const described = operation.answers.get(status);
  if (described === undefined)
    return [...complaints, `answers ${status} ${problem?.code ?? ''}, which is not described`];
  for (const name of meaningful) {
    if (answer.headers[name] !== undefined && !described.headers.has(name)) {
      complaints.push(`answers ${status} with the header ${name}, which is not described`);
    }
  }
  if (status >= 400) complaints.push(...wrongProblem(request, answer, problem));
  return [...complaints, ...wrongBody(answer, described.bodies)];
}

function wrongBody(
  answer: FuzzAnswer,
  bodies: NonNullable<ReturnType<FuzzRequest['operation']['answers']['get']>>['bodies'],
): string[] {
  if (bodies.size === 0)
    return answer.body === '' ? [] : [`answers ${answer.status} with a body that is not described`];
  const type = typeOf(answer);
  const takes = bodies.get(type);
  if (takes === undefined) return [`answers ${answer.status} as ${type}, which is not described`];
  const value = type.endsWith('json') ? parsed(answer.body) : answer.body;
  if (takes(value) === true) return [];
  const [error] = takes.errors ?? [];
  const code = problemOf(answer)?.code ?? '';
  return [
    `answers ${answer.status} ${code} with a body outside its schema: ${error?.instancePath} ${error?.message} ${JSON.stringify(error?.params)}`,
  ];
}

function wrongProblem({ method }: FuzzRequest, answer: FuzzAnswer, problem: ReturnType<typeof problemOf>): string[] {
  if (method === 'HEAD') return [];
  if (typeOf(answer) !== 'application/problem+json' || problem === undefined)
    return [`answers ${answer.status} without a problem`];
  const complaints: string[] = [];
  if (problem.status !== answer.status) complaints.push(`answers ${answer.status} with a problem of ${problem.status}`);
  const id = answer.headers['x-request-id'];
  if (id !== problem.requestId) complaints.push('answers with another request id in its header than in its body');
  if (answer.status === 405 && answer.headers.allow === undefined)
    complaints.push('answers 405 without the header allow');
  return complaints;
}

const typeOf = ({ headers }: FuzzAnswer): string => (headers['content-type'] ?? '').split(';')[0] ?? '';

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function problemOf(answer: FuzzAnswer) {
  return answer.status < 400 ? undefined : problemSchema.safeParse(parsed(answer.body)).data;
}
