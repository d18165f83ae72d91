import { quoted, utf8Length } from '../text.ts';
import { specLimits } from './limits.ts';
import type { Refusal } from './refusal.ts';

/** Paths that no spec may write, each with the reason and what to do instead. A pattern matches a normal path. */
const forbidden: readonly { readonly pattern: RegExp; readonly reason: string; readonly remedy: string }[] = [
  {
    pattern: /^\/etc\/(passwd|shadow|group|gshadow)-?(\/|$)/,
    reason: 'the account databases are made by the engine',
    remedy: 'Use `users` and `groups`.',
  },
  {
    pattern: /^\/etc\/fstab(\/|$)/,
    reason: 'the table of file systems is made for each output',
    remedy:
      'Leave it out; `disk` adds partitions and swap, and a unit of type .mount in /etc/systemd/system mounts what else there is.',
  },
  {
    pattern: /^\/(etc|var\/lib\/dbus)\/machine-id(\/|$)/,
    reason: 'a machine id in an image would be the same on all its machines',
    remedy: 'Leave it out: each machine makes its own at its first boot.',
  },
  {
    pattern: /^\/etc\/ssh\/ssh_host_/,
    reason: 'a host key in an image would be the same on all its machines',
    remedy: 'Leave it out: each machine makes its own at its first boot.',
  },
  {
    pattern: /^\/(usr\/|var\/)?lib\/lbuild(\/|$)|^\/etc\/systemd\/system\/lbuild-first-boot\.service(\/|$)/,
    reason: 'the scripts of the first boot, their unit and their results lie there',
    remedy: 'Use `firstBoot`.',
  },
  {
    pattern: /^\/etc\/sudoers\.d\/lbuild-/,
    reason: 'the engine makes such files of `users[].sudo`',
    remedy: 'Use `sudo` of the user, or choose another name.',
  },
  {
    pattern: /^\/etc\/apt\/preferences\.d\/lbuild\.pref(\/|$)/,
    reason: 'the engine makes it of `packages.pins`',
    remedy: 'Use `packages.pins`, or choose another name.',
  },
  {
    pattern: /^\/(proc|sys|dev|run|var\/run|var\/lock)(\/|$)/,
    reason: 'the running system makes what lies there, and an image holds none of it',
    remedy: 'Choose a path on disk; make files of /run at boot by a line in /etc/tmpfiles.d.',
  },
];

/** The path with empty, `.` and `..` components resolved, as the kernel would (links left aside). */
function normalPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/**
 * Judges the path of a file in the image: absolute, in its one normal form, in Linux's lengths, and not one that the
 * engine or the running system makes. A forbidden path is found in whatever form it is written.
 */
export function imagePathRefusal(path: string): Refusal | undefined {
  const shown = quoted(path);
  if (/\p{Cc}/u.test(path)) {
    const reason = `${shown} holds a control character`;
    return { code: 'spec.invalid_value', reason, remedy: 'Remove it from the path.' };
  }
  if (!path.startsWith('/')) {
    const reason = `${shown} is not an absolute path`;
    return { code: 'spec.path_relative', reason, remedy: 'Begin the path with `/`, the root of the image.' };
  }
  const parts = path.split('/');
  if (parts.includes('..')) {
    const reason = `${shown} holds \`..\``;
    return { code: 'spec.path_traversal', reason, remedy: 'Write the path that is meant, without `..`.' };
  }
  if (utf8Length(path) > specLimits.pathBytes.value) {
    const reason = `the path is longer than ${specLimits.pathBytes.value} bytes; ${specLimits.pathBytes.reason}`;
    return { code: 'spec.too_large', reason, remedy: 'Choose a shorter path.' };
  }
  if (parts.some((part) => utf8Length(part) > specLimits.pathComponentBytes.value)) {
    const { value, reason } = specLimits.pathComponentBytes;
    return {
      code: 'spec.too_large',
      reason: `a name in the path is longer than ${value} bytes; ${reason}`,
      remedy: 'Choose a shorter name.',
    };
  }
  const normal = normalPath(path);
  const rule = forbidden.find(({ pattern }) => pattern.test(normal));
  if (rule !== undefined) {
    return { code: 'spec.path_forbidden', reason: `${shown} may not be given: ${rule.reason}`, remedy: rule.remedy };
  }
  if (normal === '/') {
    return { code: 'spec.invalid_value', reason: `${shown} is the root folder`, remedy: 'Name a file below it.' };
  }
  if (normal !== path) {
    const reason = `${shown} is not in its normal form`;
    return { code: 'spec.invalid_value', reason, remedy: `Write ${quoted(normal)}.` };
  }
  return undefined;
}
