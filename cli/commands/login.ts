import { Command } from 'commander';
import { z } from 'zod';
import { LinuxBuilderClient } from '../../sdk/client.ts';
import { CliFailure } from '../failure.ts';
import type { Output } from '../output.ts';
import {
  namedProfile,
  type Profile,
  profileNameSchema,
  profilesFile,
  readProfiles,
  writeProfiles,
} from '../profiles.ts';
import { askSecret, askText, canAsk } from '../prompts.ts';
import { readStandardInput } from '../spec-file.ts';

const loginOptionsSchema = z.object({ url: z.string().optional(), json: z.boolean().default(false) });
const jsonOptionsSchema = z.object({ json: z.boolean().default(false) });

/** `lbuild login [NAME]`: keeps the address and key of an engine, and uses them from then on. */
export function loginCommand(output: Output): Command {
  return new Command('login')
    .description('keep the address and API key of an engine under a name, and use them from now on')
    .argument('[name]', 'name of the profile', 'default')
    .option('--url <url>', 'address of the engine (else that of the profile, or LBUILD_URL; else it is asked for)')
    .option('--json', 'answer with one JSON document')
    .addHelpText(
      'after',
      '\nThe key is asked for on a terminal, and read from standard input elsewhere: no list of processes shows it.',
    )
    .action(async (given: string, rest: unknown) => {
      const options = loginOptionsSchema.parse(rest);
      const name = checkedName(given);
      const file = writableFile();
      const known = readProfiles(file);
      const url = await addressFor(options.url ?? known.profiles[name]?.url ?? process.env.LBUILD_URL);
      const apiKey = await readKey(url);
      // A key that the engine does not take is not kept.
      const who = await new LinuxBuilderClient({ url, apiKey }).keys.whoAmI();
      await writeProfiles(file, { current: name, profiles: { ...known.profiles, [name]: { url, apiKey } } });
      if (options.json) return output.document({ profile: name, url, tenant: who.tenant, member: who.member });
      output.line(`${name}: ${who.member.name} of ${who.tenant.name} at ${url}`);
    });
}

/** `lbuild logout [NAME]`: forgets a profile. */
export function logoutCommand(output: Output): Command {
  return new Command('logout')
    .description('forget a profile; its key stays good until it is revoked (`lbuild keys revoke`)')
    .argument('[name]', 'name of the profile; else the current one')
    .option('--json', 'answer with one JSON document')
    .action(async (given: string | undefined, rest: unknown) => {
      const options = jsonOptionsSchema.parse(rest);
      const file = writableFile();
      const known = readProfiles(file);
      const name = given ?? known.current;
      if (name === undefined) {
        const detail = 'No profile is current.';
        throw new CliFailure('usage', { code: 'cli.no_profile', detail, remedy: 'Name one: `lbuild profiles list`.' });
      }
      namedProfile(known, name);
      const { [name]: _, ...profiles } = known.profiles;
      const current = known.current === name ? undefined : known.current;
      await writeProfiles(file, { ...(current === undefined ? {} : { current }), profiles });
      if (options.json) return output.document({ removed: name });
      output.line(`${name} is forgotten`);
    });
}

/** `lbuild profiles …`: what logins have stored. */
export function profilesCommand(output: Output): Command {
  const list = new Command('list')
    .description('list the profiles; a star marks the current one')
    .option('--json', 'answer with one JSON document')
    .action((rest: unknown) => {
      const options = jsonOptionsSchema.parse(rest);
      const { current, profiles } = readProfiles(profilesFile(process.env));
      const rows = Object.entries(profiles)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { url, apiKey }]) => ({ name, current: name === current, url, keyId: keyIdOf(apiKey) }));
      if (options.json) return output.document({ profiles: rows });
      for (const row of rows)
        output.line(`${row.current ? '*' : ' '} ${row.name}  ${row.url}  ${row.keyId ?? ''}`.trimEnd());
    });
  const use = new Command('use')
    .description('make a profile the current one')
    .argument('<name>', 'its name')
    .option('--json', 'answer with one JSON document')
    .action(async (name: string, rest: unknown) => {
      const options = jsonOptionsSchema.parse(rest);
      const file = writableFile();
      const known = readProfiles(file);
      const { url } = namedProfile(known, name);
      await writeProfiles(file, { ...known, current: name });
      if (options.json) return output.document({ profile: name, url });
      output.line(`${name}: ${url}`);
    });
  return new Command('profiles')
    .description('profiles that `lbuild login` stored: lists them, changes the current one')
    .addCommand(list)
    .addCommand(use);
}

function checkedName(name: string): string {
  const parsed = profileNameSchema.safeParse(name);
  if (parsed.success) return parsed.data;
  const detail = `${JSON.stringify(name)} is no name of a profile: ${parsed.error.issues[0]?.message}.`;
  throw new CliFailure('usage', { code: 'cli.usage', detail, remedy: 'Choose another name.' });
}

function writableFile(): string {
  const file = profilesFile(process.env);
  if (file !== undefined) return file;
  throw new CliFailure('usage', {
    code: 'cli.no_home',
    detail: 'There is no folder for profiles: neither XDG_CONFIG_HOME nor HOME is an absolute path.',
    remedy: 'Set one of them.',
  });
}

async function addressFor(given: string | undefined): Promise<string> {
  const text = given ?? (canAsk() ? await askText('Address of the engine') : undefined);
  if (text !== undefined && z.url({ protocol: /^https?$/ }).safeParse(text).success) return text.replace(/\/+$/, '');
  throw new CliFailure('usage', {
    code: 'cli.connection_invalid',
    detail: text === undefined ? 'No address is given.' : `${JSON.stringify(text)} is no address.`,
    remedy: 'Give --url, like https://host.',
  });
}

async function readKey(url: string): Promise<string> {
  const key = canAsk() ? await askSecret(`API key for ${url}`) : (await readStandardInput()).trim();
  if (key !== '' && !/\s/.test(key)) return key;
  throw new CliFailure('usage', {
    code: 'cli.no_api_key',
    detail: key === '' ? 'Standard input holds no API key.' : 'Standard input holds more than one API key.',
    remedy: 'Pipe the key in: `lbuild login --url URL < FILE`.',
  });
}

/** The id of a key, which is no secret; undefined where it is not one of an engine's own. */
function keyIdOf(apiKey: Profile['apiKey']): string | undefined {
  const id = /^lbk_([0-9A-Za-z]+)_/.exec(apiKey)?.[1];
  return id === undefined ? undefined : `key_${id}`;
}
