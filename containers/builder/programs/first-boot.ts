/**
 * first-boot: puts scripts into the image that the system runs once, at its first boot, and the unit that runs them;
 * nothing of the tree is run.
 *
 *   scripts:
 *     - name: register        Required; the file is /usr/lib/lbuild/first-boot/NN-NAME, 0700.
 *       run: "hostnamectl …"  Required. /bin/sh -e runs it, or the interpreter that its first line names with #!.
 *       network: false        The unit waits for network-online.target where one script says true.
 *       ignoreFailure: false  Unless true, its failure fails the unit, and the scripts after it wait for the next boot.
 *       timeoutSeconds: 600   Then it is ended and has failed.
 *
 * The unit is a oneshot with a command for each script, so systemd keeps the order and stops at the first failure. The
 * command is a small script of the image's own that runs one of them under its bound, unless its file below
 * /var/lib/lbuild/first-boot says that it is done, and then writes the result there and to the journal. A last command
 * makes the file `done`, without which alone the unit starts.
 */
import { firstBoot as declaration, firstBootUnit } from '../../../core/plan/programs/first-boot.ts';
import type { OptionsOf, ProgramContext, ProgramOutcome, StepProgram } from '../contract.ts';
import { StepError } from '../step-error.ts';
import { existsInTree, linkInTree, writeTreeFile } from './tree/tree-file.ts';

type Options = OptionsOf<typeof declaration>;
type Script = Options['scripts'][number];

const scriptFolder = '/usr/lib/lbuild/first-boot';
const runnerPath = '/usr/lib/lbuild/run-first-boot';

/** Runs in the image, whose /bin/sh is dash; `timeout` and `sync` are of coreutils, which every system has. */
const runner = `#!/bin/sh
# Runs one script of the first boot, unless it is done, and keeps its result.
# Arguments: name of the script, its seconds, and "ignore" where its failure is none; or --end: all are done.
set -eu
state=/var/lib/lbuild/first-boot

# Writes a text to a file of the state, whole or not at all, also where the power fails.
keep() {
  mkdir -p "$state"
  printf '%s\\n' "$2" > "$state/.new"
  sync "$state/.new"
  mv "$state/.new" "$state/$1"
  sync "$state"
}

if [ "$1" = --end ]; then
  keep done 'all scripts have run'
  exit 0
fi

script=$1
seconds=$2
if [ -e "$state/$script" ]; then
  read -r before < "$state/$script" || before=
  case $before in
    succeeded | ignored:*)
      echo "$script: has run before: $before"
      exit 0
      ;;
  esac
fi

echo "$script: starts"
code=0
timeout --kill-after=10 "$seconds" "${scriptFolder}/$script" || code=$?
case $code in
  0) result=succeeded ;;
  124 | 137) result="failed: ended after its $seconds seconds (exit code $code)" ;;
  *) result="failed: exit code $code" ;;
esac
if [ "$code" -ne 0 ] && [ "\${3:-}" = ignore ]; then
  result="ignored: $result"
  code=0
fi
echo "$script: $result"
keep "$script" "$result"
exit "$code"
`;

/** Name of a script's file. The names come from the spec, and only those of its form may stand in a unit. */
function fileNameOf({ name }: Script, position: number): string {
  if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    throw new StepError('step.failed', `firstBoot[${position}].name: ${JSON.stringify(name)} is no name for a script`);
  }
  return `${String(position + 1).padStart(2, '0')}-${name}`;
}

function unitText(scripts: readonly Script[]): string {
  const network = scripts.some((script) => script.network);
  const commands = scripts.map((script, position) => {
    const words = [runnerPath, fileNameOf(script, position), String(script.timeoutSeconds)];
    return `ExecStart=${[...words, ...(script.ignoreFailure ? ['ignore'] : [])].join(' ')}`;
  });
  return [
    '[Unit]',
    'Description=Run the scripts of the first boot',
    'ConditionPathExists=!/var/lib/lbuild/first-boot/done',
    'RequiresMountsFor=/var/lib/lbuild',
    `After=local-fs.target${network ? ' network-online.target' : ''}`,
    ...(network ? ['Wants=network-online.target'] : []),
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    // Each script has a bound of its own.
    'TimeoutStartSec=infinity',
    'Environment=HOME=/root LC_ALL=C.UTF-8',
    ...commands,
    `ExecStart=${runnerPath} --end`,
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
}

async function run(context: ProgramContext<Options>): Promise<ProgramOutcome> {
  const { scripts } = context.options;
  const systemd = ['/usr/lib/systemd/systemd', '/lib/systemd/systemd'];
  const found = await Promise.all(systemd.map((path) => existsInTree(context, path)));
  if (!found.includes(true)) {
    throw new StepError(
      'step.failed',
      'firstBoot: the image has no systemd to run them; ask for an output that boots, or install systemd-sysv',
    );
  }
  for (const [position, script] of scripts.entries()) {
    const text = script.run.startsWith('#!') ? script.run : `#!/bin/sh -e\n${script.run}`;
    await writeTreeFile(context, `${scriptFolder}/${fileNameOf(script, position)}`, text, { mode: 0o700 });
  }
  await writeTreeFile(context, runnerPath, runner, { mode: 0o755 });
  const unit = `/etc/systemd/system/${firstBootUnit}`;
  await writeTreeFile(context, unit, unitText(scripts), { mode: 0o644 });
  await linkInTree(context, `/etc/systemd/system/multi-user.target.wants/${firstBootUnit}`, unit);
  return { facts: { scripts: String(scripts.length) } };
}

export const firstBoot: StepProgram<typeof declaration.options> = { declaration, run };
