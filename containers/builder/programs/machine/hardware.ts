import type { Firmware, TestedOutput } from '../../../../core/plan/programs/boot-test.ts';
import { guestPort } from './machine.ts';

/** Debian's package `ovmf`: the firmware, and the variables that a new machine has. */
export const uefiFirmware = {
  code: '/usr/share/OVMF/OVMF_CODE_4M.fd',
  variables: '/usr/share/OVMF/OVMF_VARS_4M.fd',
} as const;

/** MiB of the machine's memory: a live system holds there what it writes. */
const memoryMiB = 1_536;

/** The artifact in a drive. What the machine writes to a disk goes elsewhere, and is forgotten with it. */
function medium(output: TestedOutput, file: string): string[] {
  if (output === 'iso') {
    return [
      ...['-drive', `if=none,id=medium,media=cdrom,readonly=on,format=raw,file=${file}`],
      ...['-device', 'virtio-scsi-pci', '-device', 'scsi-cd,drive=medium,bootindex=0'],
    ];
  }
  return [
    ...['-drive', `if=none,id=medium,snapshot=on,format=${output},file=${file}`],
    ...['-device', 'virtio-blk-pci,drive=medium,bootindex=0'],
  ];
}

/**
 * A machine for one artifact, as QEMU's arguments: a screen, a network card that reaches nothing, a bus for the port of
 * the tests, and in its firmware what the tests give to the first systemd that starts in it.
 * @param machine.variables file of the firmware's variables, for UEFI
 * @param machine.credential line of SMBIOS: systemd reads it as a credential
 * @param machine.ports TCP ports that can be reached from here, each at a free port of 127.0.0.1
 */
export function hardware(machine: {
  readonly output: TestedOutput;
  readonly file: string;
  readonly firmware: Firmware;
  readonly variables: string;
  readonly credential: string;
  readonly ports: readonly number[];
}): string[] {
  const flash =
    machine.firmware === 'uefi'
      ? [
          ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${uefiFirmware.code}`],
          ...['-drive', `if=pflash,format=raw,unit=1,file=${machine.variables}`],
        ]
      : [];
  const forwards = machine.ports.map((port) => `,hostfwd=tcp:127.0.0.1:0-:${port}`).join('');
  return [
    ...['-machine', 'q35', '-m', String(memoryMiB), '-smp', '2', '-device', 'VGA'],
    ...['-device', 'virtio-rng-pci', '-device', `virtio-serial-pci,id=${guestPort.bus}`],
    ...['-netdev', `user,id=network,restrict=on${forwards}`, '-device', 'virtio-net-pci,netdev=network,romfile='],
    ...['-smbios', `type=11,value=${machine.credential}`],
    ...flash,
    ...medium(machine.output, machine.file),
  ];
}
