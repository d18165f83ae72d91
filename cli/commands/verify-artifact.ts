import { Command } from 'commander';
import { z } from 'zod';
import { printable } from '../../core/builds/printable.ts';
import { setExit } from '../exit.ts';
import { findEvidence, readTrustedKey } from '../found-evidence.ts';
import type { Output } from '../output.ts';

const optionsSchema = z.object({ key: z.string(), json: z.boolean().default(false) });

/** `lbuild verify-artifact FOLDER|FILES --key FILE`: checks downloads against their signed evidence, without an engine. */
export function verifyArtifactCommand(output: Output): Command {
  return new Command('verify-artifact')
    .description('check downloaded files against the signed evidence of their build; asks no engine')
    .argument('<path...>', 'a folder with all files of a build, or files, provenance.dsse.json among them')
    .requiredOption('--key <file>', 'the public key that you trust, in PEM; `lbuild signing-key` prints it')
    .option('--json', 'answer with one JSON document')
    .action(async (paths: readonly string[], given: unknown) => {
      const options = optionsSchema.parse(given);
      // Loaded here and not above: most commands never need the rules of evidence.
      const { namesIn, verifyEvidence } = await import('../../core/evidence/verification.ts');
      const key = await readTrustedKey(options.key);
      const { files, whole, others } = await findEvidence(paths, namesIn);
      const { findings, verified, statement, ...rest } = verifyEvidence(files, key, whole);
      const unnamed = [...others, ...rest.unnamed];
      const build = statement?.predicate.runDetails.metadata;
      const right = findings.length === 0;
      if (options.json) {
        output.document({
          verified: right,
          keyId: key.keyId,
          ...(build ? { build } : {}),
          files: verified,
          findings,
          unnamed,
        });
      } else {
        for (const { file, reason } of findings) output.line(printable(`NOT VERIFIED  ${file}: ${reason}`));
        for (const file of verified) output.line(`verified  ${file}`);
        for (const file of unnamed)
          output.note(printable(`not looked at, since the evidence does not name it: ${file}`));
        if (right && build !== undefined)
          output.line(printable(`made by ${build.invocationId}, signed by the key ${key.keyId}`));
      }
      if (!right) setExit('unverified');
    });
}
