/** Whole runs of tests with one mutant active from the start, on a vitest that stays up between them. */
import { createVitest, type Vitest } from 'vitest/node';

/** Such a run is over by then, or never. */
const LATE_MS = 180_000;

export interface ApartRuns {
  /** True if all pass; undefined if they do not end. */
  passes(tests: readonly string[]): Promise<boolean | undefined>;
  close(): Promise<void>;
}

export function createApartRuns(config: string, root: string): ApartRuns {
  let kept: Promise<Vitest> | undefined;
  const close = async () => {
    const old = await kept;
    kept = undefined;
    // One whose worker hangs is waited for no longer than this.
    const patience = new Promise((resolve) => setTimeout(resolve, 5_000).unref());
    await Promise.race([old?.close(), patience]);
  };
  return {
    close,
    async passes(tests) {
      kept ??= createVitest('test', {
        ...{ config, root, watch: false, bail: 1 },
        reporters: [{}],
      });
      const vitest = await kept;
      const project = vitest.getRootProject();
      const run = vitest.runTestSpecifications(
        tests.map((test) => project.createSpecification(`${root}/${test}`)),
      );
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<undefined>((resolve) => {
        timer = setTimeout(() => resolve(undefined), LATE_MS);
      });
      const result = await Promise.race([run, late]);
      clearTimeout(timer);
      if (result === undefined) {
        await close();
        return undefined;
      }
      const { testModules, unhandledErrors } = result;
      return unhandledErrors.length === 0 && testModules.every((module) => module.ok());
    },
  };
}
