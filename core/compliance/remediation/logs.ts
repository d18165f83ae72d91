import { releaseNamed } from '../../distributions/registry.ts';
import { olderCalls, recordedCalls, watchedFiles } from '../checks/audit-rules.ts';
import { contradiction, type Remedy, withPackages } from './remedy.ts';

/** The rules that the check wants, in the words of auditctl(8). */
function auditRules(architecture: string): string {
  const arm = architecture === 'arm64';
  const watches = Object.entries(watchedFiles).flatMap(([key, paths]) =>
    // /run is where /var/run leads to.
    paths.map((path) => `-w ${path.replace(/^\/var\/run\//, '/run/')} -p wa -k ${key}`),
  );
  const calls = (arm ? ['b64'] : ['b64', 'b32']).flatMap((bits) =>
    Object.entries(recordedCalls).map(([key, names]) => {
      const known = names.filter((name) => !arm || !olderCalls.has(name));
      // What programs of the system do by themselves is no deed of a user’s; the clock is watched whoever sets it.
      const users = key === 'time' ? '' : ' -F auid>=1000 -F auid!=unset';
      return `-a always,exit -F arch=${bits} -S ${known.join(',')}${users} -k ${key}`;
    }),
  );
  return [...watches, ...calls].map((line) => `${line}\n`).join('');
}

const auditdConf = { kind: 'setting', path: '/etc/audit/auditd.conf', form: 'equals' } as const;

/** Remedies of logs and of the time, by check. */
export const logRemedies = {
  'audit-rules': {
    system: true,
    changes: ({ spec: { base } }) => [
      {
        ...({ kind: 'write', path: '/etc/audit/rules.d/50-lbuild.rules', mode: 0o640 } as const),
        text: auditRules(base.architecture),
      },
    ],
  } satisfies Remedy,

  'audit-immutable': {
    system: true,
    changes: () => [
      { kind: 'write', path: '/etc/audit/rules.d/99-lbuild-immutable.rules', text: '-e 2\n', mode: 0o640 },
    ],
  } satisfies Remedy,

  'audit-log-kept': {
    system: true,
    amend: ({ spec }) => withPackages(spec, 'auditd'),
    changes: () => [
      { ...auditdConf, name: 'max_log_file_action', value: 'keep_logs', accepts: ['keep_logs'] },
      {
        ...{ ...auditdConf, name: 'space_left_action', value: 'syslog' },
        accepts: ['email', 'exec', 'syslog', 'suspend', 'single', 'halt'],
      },
      { ...auditdConf, name: 'log_group', value: 'adm', accepts: ['root', 'adm'] },
      { kind: 'mode', path: '/var/log/audit', mode: 0o7770 },
    ],
  } satisfies Remedy,

  'journal-persistent': {
    system: true,
    changes: () => [
      {
        // Read before all others, so that those of the spec’s count.
        ...({ kind: 'write', path: '/etc/systemd/journald.conf.d/00-lbuild.conf', mode: 0o644 } as const),
        text: '[Journal]\nStorage=persistent\n',
      },
    ],
  } satisfies Remedy,

  'time-synchronised': {
    system: true,
    contradictions: ({ spec: { system, packages } }) =>
      system.ntp?.enabled === false && !packages.install.includes('chrony')
        ? [contradiction(['system', 'ntp', 'enabled'], 'the clock is to be set from a named source', 'Leave it out.')]
        : [],
    amend: ({ spec }) => {
      const { ntp } = spec.system;
      if (spec.packages.install.includes('chrony') || (ntp?.servers.length ?? 0) > 0) return spec;
      const servers = [...releaseNamed(spec.base.release).distribution.timeServers];
      return { ...spec, system: { ...spec.system, ntp: { enabled: true, servers } } };
    },
  } satisfies Remedy,
} as const;
