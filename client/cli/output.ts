/** What the terminal takes. NO_COLOR is honoured (no-color.org). */
export function stdoutTakesColor(): boolean {
  return process.stdout.isTTY === true && !process.env.NO_COLOR;
}

/** Progress and remarks go to stderr, so that stdout stays machine-clean. */
export function remark(text: string): void {
  process.stderr.write(`${text}\n`);
}
