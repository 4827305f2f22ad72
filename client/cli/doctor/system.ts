/** What the doctor looks at, behind a seam: tests make a machine of their own. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { promisify } from 'node:util';

const run = promisify(execFile);
const RUN_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;

export interface System {
  /** Undefined if it cannot be read. */
  read(path: string): Promise<string | undefined>;
  /** True if this user may read and write it. */
  usable(path: string): Promise<boolean>;
  /** Standard output; undefined if it cannot be run or fails. */
  run(program: string, args: readonly string[]): Promise<string | undefined>;
  /** True if something accepts a connection there. */
  reaches(host: string, port: number): Promise<boolean>;
}

export const thisSystem: System = {
  read: (path) => readFile(path, 'utf8').catch(() => undefined),
  usable: (path) =>
    access(path, constants.R_OK | constants.W_OK).then(
      () => true,
      () => false,
    ),
  run: (program, args) =>
    run(program, [...args], { timeout: RUN_TIMEOUT_MS }).then(
      ({ stdout }) => stdout,
      () => undefined,
    ),
  reaches: (host, port) =>
    new Promise((resolve) => {
      const socket = connect(port, host);
      const end = (reached: boolean) => {
        socket.destroy();
        resolve(reached);
      };
      socket.setTimeout(CONNECT_TIMEOUT_MS, () => end(false));
      socket.once('connect', () => end(true));
      socket.once('error', () => end(false));
    }),
};
