import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { LinuxBuilderClient } from '../sdk/client.ts';
import { CliFailure } from './failure.ts';
import { namedProfile, type Profiles, profilesFile, readProfiles } from './profiles.ts';

/** The credentials that a local engine leaves in its folder for those who may read it. */
export const credentialsSchema = z.object({ url: z.url({ protocol: /^https?$/ }), apiKey: z.string().min(1) });
export type Credentials = z.infer<typeof credentialsSchema>;

/** Credentials, and where they are from: for people. */
export interface LocatedConnection {
  readonly credentials: Credentials;
  readonly from: string;
}

/** Folder of the local engine below the folder it was started in. */
export const stateFolder = '.lbuild';

/** What the options of a command and the environment say; each may be absent. */
export interface ConnectionOptions {
  readonly url?: string | undefined;
  readonly apiKey?: string | undefined;
  readonly profile?: string | undefined;
}

/**
 * The engine to talk to: --url and --api-key, else --profile, else LBUILD_URL and LBUILD_API_KEY, else LBUILD_PROFILE,
 * else the credentials of the local engine whose folder is here or above, else the profile that `lbuild login` made
 * current. A found key is never sent to an address that was given. --api-key may go where a profile says; LBUILD_API_KEY
 * goes to LBUILD_URL and --url alone.
 * @throws CliFailure where one of the two is missing or cannot be read.
 */
export function findConnection(
  options: ConnectionOptions,
  environment: NodeJS.ProcessEnv,
  folder: string,
): Credentials {
  return locateConnection(options, environment, folder).credentials;
}

/** What `findConnection` finds, and by which option, variable or file. @throws as that does */
export function locateConnection(
  options: ConnectionOptions,
  environment: NodeJS.ProcessEnv,
  folder: string,
): LocatedConnection {
  if (options.url !== undefined && options.profile !== undefined) {
    throw new CliFailure('usage', {
      code: 'cli.usage',
      detail: 'Both --url and --profile name an engine.',
      remedy: 'Leave one of them out.',
    });
  }
  const url = options.url ?? (options.profile === undefined ? environment.LBUILD_URL : undefined);
  const apiKey = options.apiKey ?? (options.profile === undefined ? environment.LBUILD_API_KEY : undefined);
  if (url !== undefined && apiKey !== undefined) {
    return { credentials: checked({ url, apiKey }), from: options.url === undefined ? 'LBUILD_URL' : '--url' };
  }
  if (url !== undefined) {
    throw new CliFailure('access', {
      code: 'cli.no_api_key',
      detail: `There is an address (${url}) but no API key for it.`,
      remedy: 'Give --api-key, or set LBUILD_API_KEY.',
    });
  }
  if (options.apiKey === undefined && emptyAsAbsent(apiKey) !== undefined) {
    // What is found here may be a stranger's: a folder that was unpacked, a profile of another engine.
    throw new CliFailure('usage', {
      code: 'cli.no_address',
      detail: 'LBUILD_API_KEY is set, and no address that it is for.',
      remedy: 'Set LBUILD_URL too, or give --url or --profile, or unset LBUILD_API_KEY.',
    });
  }
  const found = findWithoutAddress(options.profile ?? emptyAsAbsent(environment.LBUILD_PROFILE), environment, folder);
  const { apiKey: key = found.credentials.apiKey } = options;
  return { ...found, credentials: checked({ ...found.credentials, apiKey: key }) };
}

function findWithoutAddress(
  profile: string | undefined,
  environment: NodeJS.ProcessEnv,
  folder: string,
): LocatedConnection {
  const file = profilesFile(environment);
  const byProfile = (known: Profiles, name: string): LocatedConnection => ({
    credentials: namedProfile(known, name),
    from: `the profile ${name}`,
  });
  if (profile !== undefined) return byProfile(readProfiles(file), profile);
  const local = findCredentials(folder);
  if (local !== undefined) return { credentials: readCredentials(local), from: local };
  const known = readProfiles(file);
  if (known.current !== undefined) return byProfile(known, known.current);
  throw new CliFailure('unreachable', {
    code: 'cli.no_engine',
    detail: `No engine is known: no --url, no LBUILD_URL, no profile, no ${stateFolder}/ here or above.`,
    remedy: 'Start one with `lbuild local up`, log in to one with `lbuild login`, or give --url and --api-key.',
  });
}

const emptyAsAbsent = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

/** A client for what `findConnection` finds. */
export function connect(options: ConnectionOptions): LinuxBuilderClient {
  return new LinuxBuilderClient(findConnection(options, process.env, process.cwd()));
}

/** The nearest credentials file, upwards. One that belongs to somebody else is passed over: it names their engine. */
export function findCredentials(folder: string): string | undefined {
  for (let here = path.resolve(folder); ; here = path.dirname(here)) {
    const file = path.join(here, stateFolder, 'credentials.json');
    if (existsSync(file) && [0, process.getuid?.() ?? 0].includes(statSync(file).uid)) return file;
    if (path.dirname(here) === here) return undefined;
  }
}

function readCredentials(file: string): Credentials {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CliFailure(
      'access',
      {
        code: 'cli.credentials_unreadable',
        detail: `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        remedy: 'Call lbuild as the user who started the engine.',
      },
      error,
    );
  }
  const credentials = checked(content, file);
  // Whoever unpacks or clones a folder owns what is in it, a folder .lbuild of somebody else's making too.
  if (!loopback.has(new URL(credentials.url).hostname)) {
    throw new CliFailure('access', {
      code: 'cli.credentials_foreign',
      detail: `${file} names ${new URL(credentials.url).origin}, and an engine of a folder is on this machine.`,
      remedy: 'Remove the file. For an engine elsewhere, log in: `lbuild login --url URL`.',
    });
  }
  return credentials;
}

/** Hosts that an engine of a folder listens on. */
const loopback = new Set(['127.0.0.1', '[::1]', 'localhost']);

function checked(value: unknown, file?: string): Credentials {
  const parsed = credentialsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CliFailure('usage', {
    code: 'cli.connection_invalid',
    detail: `${file ?? 'The connection'} is not valid: ${parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`,
    remedy: 'The address is like https://host, the key like lbk_….',
  });
}
