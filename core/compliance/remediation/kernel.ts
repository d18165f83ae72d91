import type { Spec } from '../../spec/schema.ts';
import { quoted } from '../../text.ts';
import { wantedParameters } from '../wanted-parameters.ts';
import { contradiction, parameters, type Remedy, unitStopped, withPackages } from './remedy.ts';

const usbStorage = 'usb-storage';
const isUsbStorage = (name: string): boolean => name.replaceAll('_', '-') === usbStorage;

const wrongArguments = ({ kernel }: Spec, isWrong: (word: string) => boolean, what: string) =>
  kernel.cmdline.flatMap((word, index) =>
    isWrong(word) ? contradiction(['kernel', 'cmdline', index], `${quoted(word)} ${what}`, 'Remove it.') : [],
  );

const auditOn = (word: string): boolean => word === 'audit=1' || word === 'audit=on';

/** Remedies of the kernel, by check. */
export const kernelRemedies = {
  'core-dumps-off': {
    ...parameters(wantedParameters['core-dumps-off']),
    changes: () => [
      {
        // After Debian’s 10-coredump-debian.conf, which lets all cores through.
        ...({ kind: 'write', path: '/etc/security/limits.d/50-lbuild-core.conf', mode: 0o644 } as const),
        text: '* hard core 0\n',
      },
      {
        ...({ kind: 'write', path: '/etc/systemd/coredump.conf.d/00-lbuild.conf', mode: 0o644 } as const),
        text: '[Coredump]\nStorage=none\nProcessSizeMax=0\n',
      },
    ],
  } satisfies Remedy,

  'address-randomisation': parameters(wantedParameters['address-randomisation']),
  'kernel-log-restricted': parameters(wantedParameters['kernel-log-restricted']),
  'network-parameters': parameters(wantedParameters['network-parameters']),
  'forwarding-off': parameters(wantedParameters['forwarding-off']),

  'usb-storage-blocked': {
    system: true,
    contradictions: ({ spec: { kernel } }) =>
      (kernel.modules?.load ?? []).flatMap((name, index) =>
        isUsbStorage(name)
          ? contradiction(['kernel', 'modules', 'load', index], `${quoted(name)} is to be blocked`, 'Remove it here.')
          : [],
      ),
    amend: ({ spec }) => {
      const { load = [], block = [] } = spec.kernel.modules ?? {};
      if (block.some(isUsbStorage)) return spec;
      return { ...spec, kernel: { ...spec.kernel, modules: { load, block: [...block, usbStorage] } } };
    },
  } satisfies Remedy,

  apparmor: {
    system: true,
    contradictions: ({ spec }) => [
      ...unitStopped(spec, 'apparmor.service'),
      ...wrongArguments(
        spec,
        (word) => word === 'apparmor=0' || (/^(?:security|lsm)=/.test(word) && !word.includes('apparmor')),
        'takes AppArmor away',
      ),
    ],
    amend: ({ spec }) => withPackages(spec, 'apparmor'),
  } satisfies Remedy,

  auditd: {
    system: true,
    contradictions: ({ spec }) => [
      ...unitStopped(spec, 'auditd.service'),
      ...wrongArguments(spec, (word) => word.startsWith('audit=') && !auditOn(word), 'takes the audit away'),
    ],
    amend: ({ spec, boots }) => {
      const installed = withPackages(spec, 'auditd');
      // An output that boots nothing takes no arguments.
      if (!boots || spec.kernel.cmdline.some(auditOn)) return installed;
      return { ...installed, kernel: { ...spec.kernel, cmdline: [...spec.kernel.cmdline, 'audit=1'] } };
    },
  } satisfies Remedy,
} as const;
