import { randomUUID } from 'node:crypto';
import { printable } from '../../../core/builds/printable.ts';
import type { GroupTarget } from './log-groups.ts';

/**
 * Groups of a build's log lines as GitHub's runner takes them. What a build says is the tenant's: within a group the
 * runner acts on no command (`::stop-commands::TOKEN`, until `::TOKEN::`, which nobody can guess), so all else that is to
 * be told is told outside of groups. The older `##[command]`, which the page of a log acts on too, is parted.
 * @param write one line
 */
export function logOutput(write: (line: string) => void): GroupTarget {
  let token = '';
  return {
    begin(title) {
      token = randomUUID();
      write(`::group::${title}`);
      write(`::stop-commands::${token}`);
    },
    line: (text) => write(printable(text).replaceAll('##[', '# #[')),
    end() {
      write(`::${token}::`);
      write('::endgroup::');
    },
  };
}
