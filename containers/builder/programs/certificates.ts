/**
 * certificates: adds certificates of authorities to those that the image trusts.
 *
 *   certificates:
 *     - name: lbuild-0123456789ab   Required: the file's name, of the certificate's digest.
 *       content: "-----BEGIN …"     Required: one certificate in PEM.
 *
 * They come into /usr/local/share/ca-certificates, and update-ca-certificates of the tree, run inside it, links them by
 * their hashes in /etc/ssl/certs and writes them all into ca-certificates.crt. No tenant file is in the tree yet. Its
 * hooks, by which packages keep stores of their own (Java's), are not run: they need /proc, and what they write holds the
 * time.
 */
import { certificates as declaration } from '../../../core/plan/programs/configuration.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { StepError } from '../step-error.ts';
import { existsInTree, listTreeFolder, writeTreeFile } from './tree/tree-file.ts';

type Options = OptionsOf<typeof declaration>;

const command = '/usr/sbin/update-ca-certificates';
/** A folder that is not there. */
const noHooks = '/etc/ca-certificates/no-hooks.d';

async function run(context: ProgramContext<Options>): Promise<ProgramOutcome> {
  if (!(await existsInTree(context, command))) {
    throw new StepError(
      'step.failed',
      `certificates: the image has no ${command}; the package ca-certificates holds it`,
    );
  }
  const { certificates } = context.options;
  for (const { name, content } of certificates) {
    await writeTreeFile(context, `/usr/local/share/ca-certificates/${name}.crt`, content, { mode: 0o644 });
  }
  await context.exec([command, '--hooksdir', noHooks], { inTree: true, env: { LC_ALL: 'C.UTF-8' } });
  const hooks = await listTreeFolder(context, '/etc/ca-certificates/update.d');
  if (hooks.length > 0) {
    context.log(
      `stores that packages keep of their own do not hold the certificates (${hooks.join(', ')}): run update-ca-certificates in a step`,
    );
  }
  return { facts: { certificates: String(certificates.length) } };
}

export const certificates: StepProgram<typeof declaration.options> = { declaration, run };
