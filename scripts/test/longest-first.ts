import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Test files that take longest, each for half a minute or more, by their paths below test/. A new clone knows no times, and
 * begins with the largest files: what is long and begins last has one processor, and the others wait for it.
 */
export const longest: readonly string[] = [
  'functions/api/http-dynamodb',
  'simulation/shared-work',
  'integrations/github-action-run',
  'local/tasks/task-runner',
  'sdk/retrying',
  'simulation/storm',
  'system/build-and-boot',
  'system/documented-commands',
  'system/crashes',
  'system/resume',
  'system/hostile',
  'system/integrations',
  'system/verify',
].map((name) => `test/${name}.test.ts`);

/** The order of test files: the long ones first, the others as vitest has them. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = longest.findIndex((name) => moduleId.endsWith(name));
      return at === -1 ? longest.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
