/** Runs one command and turns its outcome into an exit code and, on failure, a message. */
import { CommanderError } from 'commander';
import { EXIT, NmpError } from '../../shared/errors.ts';

/**
 * Writes a failure to stderr as cause, code and remedy (one JSON line on stdout if `--json` was
 * given) and returns the exit code. An action that judged something bad without failing itself
 * sets `process.exitCode` and returns.
 */
export async function runCommand(action: () => Promise<unknown>): Promise<number> {
  try {
    await action();
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    // commander has already printed help or the usage error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const failure =
      error instanceof NmpError ? error : new NmpError('INTERNAL', String(error), { cause: error });
    if (process.argv.includes('--json')) {
      process.stdout.write(`${JSON.stringify({ error: failure.toJSON() })}\n`);
    }
    process.stderr.write(
      `${failure.message}\n  code    ${failure.code}\n  remedy  ${failure.remedy}\n`,
    );
    return failure.exit;
  }
}
