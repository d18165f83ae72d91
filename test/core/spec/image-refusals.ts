import type { RefusalRow } from './field-refusals.ts';

const image = (more: object) => ({ outputs: [{ type: 'oci', ...more }] });

const imageNames = ['Edge', 'edge/', '/edge', 'a//b', 'a..b', '-a', 'a b', '', 'host:port/a', 'a:b/c', 'é', '../a'].map(
  (name): RefusalRow => [
    `the image name ${JSON.stringify(name)}`,
    image({ name }),
    'outputs[0].name',
    'spec.invalid_value',
  ],
);

const ports = ['0', '65536', '080', '80/TCP', '80/icmp', 'http', '80-90', ''].map(
  (port): RefusalRow => [
    `the port ${JSON.stringify(port)}`,
    image({ exposedPorts: ['1', port] }),
    'outputs[0].exposedPorts[1]',
    'spec.invalid_value',
  ],
);

const imageUsers = ['Root', '-1', 'a b', ':a', 'a:', 'a:b:c', '007'].map(
  (name): RefusalRow => [
    `the user ${JSON.stringify(name)} of an image`,
    image({ user: name }),
    'outputs[0].user',
    'spec.invalid_value',
  ],
);

const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`A${at}`, '']));

/** What the options of a container image refuse. */
export const imageRefusals: readonly RefusalRow[] = [
  ...imageNames,
  ...ports,
  ...imageUsers,
  ['an image name with a tag', image({ name: 'edge:1.0' }), 'outputs[0].name', 'spec.invalid_value'],
  ['an image name with a digest', image({ name: 'edge@sha256:0' }), 'outputs[0].name', 'spec.invalid_value'],
  ['an image name that is too long', image({ name: 'a'.repeat(256) }), 'outputs[0].name', 'spec.too_large'],
  ['a tag with a colon', image({ tag: 'a:b' }), 'outputs[0].tag', 'spec.invalid_value'],
  ['a tag that is a number', image({ tag: 1.0 }), 'outputs[0].tag', 'spec.invalid_value'],
  ['another compression', image({ compression: 'xz' }), 'outputs[0].compression', 'spec.invalid_value'],
  [
    'a compression of plain layers',
    { outputs: [{ type: 'docker', compression: 'gzip' }] },
    'outputs[0].compression',
    'spec.unknown_key',
  ],
  ['the label of an ISO on an image', image({ label: 'EDGE' }), 'outputs[0].label', 'spec.unknown_key'],
  ['the size of a disk on an image', image({ sizeMiB: 600 }), 'outputs[0].sizeMiB', 'spec.unknown_key'],
  ['an entrypoint as a text', image({ entrypoint: '/bin/x' }), 'outputs[0].entrypoint', 'spec.invalid_value'],
  ['a word with NUL', image({ cmd: ['a\u0000'] }), 'outputs[0].cmd[0]', 'spec.invalid_value'],
  ['a word that is too long', image({ cmd: ['a'.repeat(4_097)] }), 'outputs[0].cmd[0]', 'spec.too_large'],
  ['too many words', image({ cmd: Array(257).fill('a') }), 'outputs[0].cmd', 'spec.too_many'],
  ['variables as a list', image({ env: ['A=b'] }), 'outputs[0].env', 'spec.invalid_value'],
  ['a variable without a name', image({ env: { '': 'b' } }), 'outputs[0].env[""]', 'spec.invalid_value'],
  ['a variable with `=` in its name', image({ env: { 'A=b': 'c' } }), 'outputs[0].env["A=b"]', 'spec.invalid_value'],
  ['a variable that is a number', image({ env: { A: 1 } }), 'outputs[0].env.A', 'spec.invalid_value'],
  ['too many variables', image({ env: many(129) }), 'outputs[0].env', 'spec.too_many'],
  ['a label with a space', image({ labels: { 'a b': '' } }), 'outputs[0].labels["a b"]', 'spec.invalid_value'],
  ['a label with NUL', image({ labels: { a: '\u0000' } }), 'outputs[0].labels.a', 'spec.invalid_value'],
  ['a relative folder', image({ workdir: 'srv' }), 'outputs[0].workdir', 'spec.path_relative'],
  ['a folder by traversal', image({ workdir: '/srv/..' }), 'outputs[0].workdir', 'spec.path_traversal'],
  ['a port twice', image({ exposedPorts: ['80', '80/tcp'] }), 'outputs[0].exposedPorts[1]', 'spec.duplicate_name'],
];
