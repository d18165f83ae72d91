import type { Table } from '../ports/table.ts';
import type { TestRecord } from './build-record.ts';
import { listTests } from './stage-repository.ts';

/** What a file of a boot test is, with the end of its name. */
export const testFiles = {
  'serial-log': { member: 'log', ending: '.log', mediaType: 'text/plain' },
  screenshot: { member: 'screen', ending: '.png', mediaType: 'image/png' },
} as const;
export const testFileKinds = ['serial-log', 'screenshot'] as const satisfies readonly (keyof typeof testFiles)[];

/** A file of a boot test that can be downloaded; its bytes lie in the artifacts bucket under tenant and digest. */
export interface TestFile {
  /** `boot-test.iso.bios.log` */
  readonly name: string;
  readonly kind: (typeof testFileKinds)[number];
  readonly mediaType: string;
  readonly size: number;
  readonly sha256: string;
}

function filesOf(test: TestRecord): TestFile[] {
  return testFileKinds.flatMap((kind) => {
    const { member, ending, mediaType } = testFiles[kind];
    const file = test[member];
    return file === undefined ? [] : [{ name: `${test.step}${ending}`, kind, mediaType, ...file }];
  });
}

/** The serial logs and screens of a build's boot tests, of those that were passed and those that were not. */
export async function listTestFiles(table: Table, buildId: string): Promise<TestFile[]> {
  return (await listTests(table, buildId)).flatMap(filesOf);
}
