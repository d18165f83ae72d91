/** What scripts decide by. `lbuild --help` shows this table. */
export const exitCodes = {
  ok: { code: 0, meaning: 'it worked' },
  buildFailed: { code: 1, meaning: 'the build failed or was rejected' },
  usage: { code: 2, meaning: 'wrong usage, or the spec or another input is not valid' },
  notFound: { code: 3, meaning: 'there is no such build or artifact' },
  access: { code: 4, meaning: 'no API key, or one that is not accepted or may not do this' },
  cancelled: { code: 5, meaning: 'the build was cancelled' },
  unreachable: { code: 6, meaning: 'no engine answers, or it cannot answer now' },
  failed: { code: 7, meaning: 'anything else went wrong' },
  unverified: { code: 8, meaning: 'a file is not what the signed evidence says' },
  different: { code: 9, meaning: 'a verification found that something else comes out' },
  interrupted: { code: 130, meaning: 'interrupted; a build that was started goes on' },
} as const;
export type ExitName = keyof typeof exitCodes;

/** The table as text for the help. */
export function exitCodeTable(): string {
  return Object.values(exitCodes)
    .map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`)
    .join('\n');
}
