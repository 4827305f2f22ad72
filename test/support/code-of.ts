import { isNmpError } from '../../shared/errors.ts';

/** The code that `action` fails with, or undefined; anything but an NmpError is thrown on. */
export function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    if (isNmpError(error)) return error.code;
    throw error;
  }
  return undefined;
}

/** The code that `promise` is rejected with, or undefined. */
export async function codeOfAsync(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
  } catch (error) {
    if (isNmpError(error)) return error.code;
    throw error;
  }
  return undefined;
}
