import type { connect } from './connection.ts';
import { CliFailure } from './failure.ts';

/** The id of a team that is given by its id, or by its name where only one that the caller may read is called so. */
export async function teamIdOf(
  engine: Pick<ReturnType<typeof connect>, 'teams'>,
  given: string | undefined,
): Promise<string | undefined> {
  if (given === undefined || /^team_[0-9A-Z]{26}$/.test(given)) return given;
  const named = (await engine.teams.list().all()).filter(({ name }) => name === given);
  const [only] = named;
  if (only !== undefined && named.length === 1) return only.teamId;
  throw new CliFailure('usage', {
    code: 'team.not_found',
    detail: `${only === undefined ? 'no team' : `${named.length} teams`} that you may read ${only === undefined ? 'is' : 'are'} called ${JSON.stringify(given)}`,
    remedy: 'Name it by its id: `lbuild teams list` shows those that you may read.',
  });
}
