import type { ProgramContext } from '../../contract.ts';

/** A virtual machine with one disk, as an OVF descriptor says it. */
export interface Machine {
  /** Of lower-case letters, digits and hyphens: it stands in the XML as it is. */
  readonly name: string;
  readonly architecture: 'amd64' | 'arm64';
  readonly operatingSystem: ProgramContext<unknown>['distribution']['operatingSystem'];
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly disk: {
    /** Name of the file, as `name` of characters that XML takes. */
    readonly file: string;
    /** Bytes of the file. */
    readonly fileBytes: number;
    /** Bytes of the disk in it. */
    readonly bytes: number;
  };
}

const cim = 'http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2';
const streamOptimized = 'http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized';
/** ESXi 6.5 and what came with it: the first that reads manifests of SHA-256. VirtualBox passes over it. */
const hardware = 'vmx-13';
/** CIM's numbers of the kinds of devices. */
const resource = { processor: 3, memory: 4, scsiController: 6, network: 10, disk: 17 } as const;

/** A device, its members in the order that the schema demands: by their names. */
function item(members: Readonly<Record<string, string | number>>): string[] {
  const lines = Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    '      <Item>',
    ...lines.map(([name, value]) => `        <rasd:${name}>${value}</rasd:${name}>`),
    '      </Item>',
  ];
}

/**
 * The OVF 1.0 descriptor (DMTF DSP0243) of a machine with a disk on a SCSI controller and one network card. Each device
 * is of a kind that VMware and VirtualBox both have, and for which the distribution's kernel has a driver in its initial RAM file
 * system. The firmware is BIOS where nothing is said; arm64 has UEFI alone.
 */
export function ovfDescriptor({ name, architecture, operatingSystem, cpus, memoryMiB, disk }: Machine): string {
  const firmware =
    architecture === 'arm64' ? ['      <vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>'] : [];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1"',
    '    xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"',
    `    xmlns:rasd="${cim}/CIM_ResourceAllocationSettingData"`,
    `    xmlns:vssd="${cim}/CIM_VirtualSystemSettingData"`,
    '    xmlns:vmw="http://www.vmware.com/schema/ovf">',
    '  <References>',
    `    <File ovf:id="file1" ovf:href="${disk.file}" ovf:size="${disk.fileBytes}"/>`,
    '  </References>',
    '  <DiskSection>',
    '    <Info>Virtual disks</Info>',
    `    <Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="${disk.bytes}" ovf:capacityAllocationUnits="byte"`,
    `        ovf:format="${streamOptimized}"/>`,
    '  </DiskSection>',
    '  <NetworkSection>',
    '    <Info>Networks</Info>',
    '    <Network ovf:name="VM Network">',
    '      <Description>The network of the machine</Description>',
    '    </Network>',
    '  </NetworkSection>',
    `  <VirtualSystem ovf:id="${name}">`,
    '    <Info>A virtual machine</Info>',
    `    <Name>${name}</Name>`,
    `    <OperatingSystemSection ovf:id="${operatingSystem.cimType}">`,
    '      <Info>The installed system</Info>',
    `      <Description>${operatingSystem.description}</Description>`,
    '    </OperatingSystemSection>',
    '    <VirtualHardwareSection>',
    '      <Info>Virtual hardware</Info>',
    '      <System>',
    '        <vssd:ElementName>Virtual Hardware Family</vssd:ElementName>',
    '        <vssd:InstanceID>0</vssd:InstanceID>',
    `        <vssd:VirtualSystemIdentifier>${name}</vssd:VirtualSystemIdentifier>`,
    `        <vssd:VirtualSystemType>${hardware}</vssd:VirtualSystemType>`,
    '      </System>',
    ...item({
      AllocationUnits: 'hertz * 10^6',
      ...{ Description: 'Processors', ElementName: `${cpus} virtual CPU(s)` },
      ...{ InstanceID: 1, ResourceType: resource.processor, VirtualQuantity: cpus },
    }),
    ...item({
      AllocationUnits: 'byte * 2^20',
      ...{ Description: 'Memory', ElementName: `${memoryMiB} MiB of memory` },
      ...{ InstanceID: 2, ResourceType: resource.memory, VirtualQuantity: memoryMiB },
    }),
    ...item({
      ...{ Address: 0, Description: 'SCSI controller', ElementName: 'SCSI controller 0' },
      ...{ InstanceID: 3, ResourceSubType: 'lsilogic', ResourceType: resource.scsiController },
    }),
    ...item({
      ...{ AddressOnParent: 0, Description: 'Disk', ElementName: 'Disk 1', HostResource: 'ovf:/disk/disk1' },
      ...{ InstanceID: 4, Parent: 3, ResourceType: resource.disk },
    }),
    ...item({
      ...{ AddressOnParent: 7, AutomaticAllocation: 'true', Connection: 'VM Network', Description: 'Network card' },
      ...{ ElementName: 'Network card 1', InstanceID: 5, ResourceSubType: 'E1000', ResourceType: resource.network },
    }),
    ...firmware,
    '    </VirtualHardwareSection>',
    '  </VirtualSystem>',
    '</Envelope>',
    '',
  ].join('\n');
}

/** The manifest of a package: a line a file with its SHA-256 as hexadecimal digits. */
export function ovfManifest(files: Readonly<Record<string, string>>): string {
  return Object.entries(files)
    .map(([name, digest]) => `SHA256(${name})= ${digest}\n`)
    .join('');
}
