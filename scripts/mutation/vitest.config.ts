/** Tests with the mutants of a plan built in: scripts/mutation/main.ts runs it. */
import { join, relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { instrument } from './instrument.ts';
import { apply } from './mutants.ts';
import { readPlan } from './plan.ts';

const plan = readPlan();

/** The quick ones first, since the first that fails ends a run. */
class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) =>
      plan.tests.indexOf(relative(plan.root, moduleId));
    return files.toSorted((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  root: plan.root,
  plugins: [
    {
      name: 'nmp-mutants',
      enforce: 'pre',
      transform(source, id) {
        const all = plan.files[relative(plan.root, id.split('?')[0] ?? '')];
        if (all === undefined) return undefined;
        const active = all.find((one) => one.id === plan.active)?.mutant;
        // One that no expression holds is in the text from the start on.
        if (active !== undefined && active.whole === undefined) return apply(source, active);
        return instrument(source, all);
      },
    },
  ],
  test: {
    include: ['test/{unit,fuzz}/**/*.test.ts'],
    // Kept by the text of a file and of this configuration, which say nothing of the plan.
    fsModuleCache: false,
    isolate: false,
    pool: 'forks',
    maxWorkers: 1,
    // A mutant that was tried may leave a promise that fails later; whole runs look at those themselves.
    dangerouslyIgnoreUnhandledErrors: true,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    sequence: { sequencer: InOrder },
    runner: join(import.meta.dirname, 'runner.ts'),
    reporters: ['dot'],
  },
});
