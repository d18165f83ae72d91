import path from 'node:path';
import { Command, Option } from 'commander';
import { stateFolder } from '../connection.ts';
import { exitCodes } from '../exit-codes.ts';
import { CliFailure } from '../failure.ts';
import { answers, type CopiedState, copyState, findEngine, startEngine, stopEngine } from '../local-engine.ts';
import type { Output } from '../output.ts';

/** Options that are handed to the engine as they are; their meaning and defaults are its own. */
export const engineOptions = [
  new Option('--archive <url>', "where Debian's packages are; without it, as the machine's own apt sources say"),
  new Option('--archive-security <url>', "where Debian's security updates are"),
  new Option('--archive-ubuntu <url>', "where Ubuntu's packages are; without it no image of Ubuntu is built"),
  new Option('--archive-ubuntu-security <url>', "where Ubuntu's security updates are; without it, beside its packages"),
  new Option(
    '--archive-fallback-hours <number>',
    'for how long the last known state of an archive that does not answer is planned with; 24 without it, 0: never',
  ),
  new Option(
    '--archive-private-hosts <hosts>',
    'hosts with private addresses, parted by commas, at which archives of specs may be; none without it',
  ),
  new Option(
    '--archive-snapshot <template>',
    'address of an archive that keeps old states, with {archive} and {timestamp} in it; none without it',
  ),
  new Option(
    '--webhook-private-hosts <hosts>',
    'hosts with private addresses, parted by commas, that webhooks may be at, also by http; none without it',
  ),
  new Option(
    '--vulnerability-data <addresses>',
    'addresses (http, https, file), parted by commas, of mirrored vulnerability data; nothing is scanned without it',
  ),
  new Option(
    '--proxy <url>',
    'web proxy for archives and for scripts with network; a password is better set as LBUILD_PROXY; none without it',
  ),
  new Option('--proxy-bypass <hosts>', 'hosts parted by commas, with all below them, that are asked without the proxy'),
  new Option('--port <number>', 'port of the API on loopback; without it, a free one'),
  new Option('--mode <mode>', 'how builders are isolated').choices(['contained', 'privileged']),
  new Option('--slots <number>', 'builders at once'),
  new Option('--default-tier <tier>', 'plan tier of tenants that were given none: free, team, business; unlimited'),
  new Option('--cache-limit-gib <number>', 'size of the layer cache above which the least recently used goes; 20'),
  new Option('--warms-presets <flag>', 'build what the presets share whenever the archive has changed').choices([
    'true',
    'false',
  ]),
  new Option('--oidc-issuer <url>', 'issuer whose tokens are taken beside API keys; none without it'),
  new Option('--oidc-audience <text>', 'what `aud` of its tokens must be or hold'),
  new Option('--oidc-tenant-claim <name>', 'claim of its tokens that must be the id of the tenant'),
  new Option('--cors-origins <origins>', 'origins, parted by commas, whose pages may call the engine; none without it'),
  new Option('--request-burst <number>', 'requests that a key may make at once; 4000'),
  new Option('--requests-per-second <number>', 'requests a second that a key may make all the time; 2000'),
  new Option('--cache <folder>', 'where the builder root and packages are kept'),
  new Option('--builder-root <folder>', 'the tools that builders work with'),
  new Option('--package-cache <folder>', 'where packages are kept'),
];

/** `lbuild local up|down|status|backup|restore`: the engine of this machine. */
export function localCommand(output: Output): Command {
  const local = new Command('local').description('the engine on this machine');

  const up = withFolder(new Command('up')).description('start the engine of a folder; nothing where it runs already');
  for (const option of engineOptions) up.addOption(option);
  up.action(async (options: Record<string, string | boolean>) => {
    const folder = folderOf(options);
    const passed = engineOptions.flatMap((option) => {
      const value = options[option.attributeName()];
      return typeof value === 'string' ? [`--${option.name()}`, value] : [];
    });
    const { engine, started } = await startEngine(folder, passed);
    if (options.json === true) output.document({ ...engine, folder, started });
    else
      output.line(`engine ${started ? 'started' : 'runs already'}: ${engine.url} (process ${engine.pid}, ${folder})`);
  });

  const down = withFolder(new Command('down')).description(
    'end the engine of a folder; its builds go on at the next start',
  );
  down.action(async (options: Record<string, string | boolean>) => {
    const folder = folderOf(options);
    const stopped = await stopEngine(folder);
    if (options.json === true) output.document({ folder, stopped });
    else output.line(stopped ? 'engine stopped' : `no engine runs in ${folder}`);
  });

  const status = withFolder(new Command('status')).description(
    `tell whether the engine runs; exit code ${exitCodes.unreachable.code} where it does not`,
  );
  status.action(async (options: Record<string, string | boolean>) => {
    const folder = folderOf(options);
    const engine = await findEngine(folder);
    if (engine === undefined || !(await answers(engine))) {
      throw new CliFailure('unreachable', {
        code: 'engine.not_running',
        detail: engine === undefined ? `No engine runs in ${folder}.` : `The engine at ${engine.url} does not answer.`,
        remedy: 'Start it with `lbuild local up`.',
      });
    }
    if (options.json === true) output.document({ ...engine, folder });
    else output.line(`engine runs: ${engine.url} (process ${engine.pid}, since ${engine.startedAt})`);
  });

  const backup = withFolder(new Command('backup'))
    .description('copy all state of an engine that has ended into a new folder, with the SHA-256 of each file')
    .argument('<folder>', 'folder to be made; it holds the keys of the installation');
  backup.action(async (to: string, options: Record<string, string | boolean>) => {
    const copied = await copyState(['backup', '--dir', folderOf(options), '--to', path.resolve(to)]);
    if (options.json === true) output.document(copied);
    else output.line(`backup of ${folderOf(options)}: ${copiedText(copied)}`);
  });

  const restore = withFolder(new Command('restore'))
    .description('make the folder of an engine of a backup; it must not exist yet')
    .argument('<backup>', 'folder that `lbuild local backup` has made');
  restore.action(async (from: string, options: Record<string, string | boolean>) => {
    const copied = await copyState(['restore', '--from', path.resolve(from), '--dir', folderOf(options)]);
    if (options.json === true) output.document(copied);
    else output.line(`restored: ${copiedText(copied)}. Start it with \`lbuild local up\`.`);
  });

  return local.addCommand(up).addCommand(down).addCommand(status).addCommand(backup).addCommand(restore);
}

const copiedText = ({ folder, files, bytes }: CopiedState): string =>
  `${files} files, ${(bytes / 1_048_576).toFixed(1)} MiB, in ${folder}`;

function withFolder(command: Command): Command {
  return command
    .option('--dir <folder>', 'folder of the engine', stateFolder)
    .option('--json', 'answer with one JSON document');
}

function folderOf(options: Record<string, string | boolean>): string {
  return path.resolve(typeof options.dir === 'string' ? options.dir : stateFolder);
}
