import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Command } from 'commander';
import { z } from 'zod';
import { connect } from '../connection.ts';
import { CliFailure } from '../failure.ts';
import type { Output } from '../output.ts';
import { connectionOptionsSchema, engineCommand } from './common-options.ts';

const optionsSchema = connectionOptionsSchema.extend({ print: z.boolean().default(false) });

/** `lbuild open ID [NAME]`: opens what a build made in a browser, which downloads it. */
export function openCommand(output: Output): Command {
  return engineCommand('open')
    .description('open a file of a build in the browser: an artifact, or evidence such as a screenshot')
    .argument('<id>', 'id of the build')
    .argument('[name]', 'name of the file; else the only artifact')
    .option('--print', 'print the address instead; it is good for minutes, for whoever has it')
    .action(async (id: string, given: string | undefined, rest: unknown) => {
      const options = optionsSchema.parse(rest);
      const engine = connect(options);
      const [artifacts, { evidence }] = await Promise.all([engine.builds.listArtifacts(id), engine.getStatus(id)]);
      const name =
        given ??
        onlyOne(
          id,
          artifacts.map((artifact) => artifact.name),
        );
      const isEvidence = evidence.some((file) => file.name === name) && !artifacts.some((file) => file.name === name);
      const address = await (isEvidence
        ? engine.builds.evidenceAddress(id, name)
        : engine.builds.artifactAddress(id, name));
      if (options.json) return output.document({ id, name, url: address });
      if (options.print) return output.line(address);
      await openInBrowser(address);
      output.line(`${name} is opened in the browser`);
    });
}

function onlyOne(id: string, names: readonly string[]): string {
  const [name] = names;
  if (name !== undefined && names.length === 1) return name;
  const [code, detail, remedy] =
    name === undefined
      ? ['artifact.not_found', `The build ${id} has published no files.`, `\`lbuild status ${id}\` tells where it is.`]
      : ['cli.usage', `The build ${id} has ${names.length} files.`, `Name one of them: ${names.join(', ')}.`];
  throw new CliFailure(name === undefined ? 'notFound' : 'usage', { code, detail, remedy });
}

/** The desktop's own opener, given the address as one argument. */
async function openInBrowser(address: string): Promise<void> {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(program, [address], { stdio: 'ignore' });
  const code = await Promise.race([
    once(child, 'exit').then(([value]) => Number(value)),
    once(child, 'error').then(() => -1),
  ]);
  if (code === 0) return;
  throw new CliFailure('failed', {
    code: 'cli.no_browser',
    detail: code === -1 ? `There is no ${program} here.` : `${program} ended with ${code}.`,
    remedy: 'Print the address with --print, or use `lbuild download`.',
  });
}
