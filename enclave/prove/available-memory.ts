import { freemem } from 'node:os';

/**
 * Bytes that a new process can take, within a limit of its control group if there is one. Node's own
 * `availableMemory` says 0 on a kernel without control groups, as an image's is.
 */
export function availableMemory(): number {
  return process.constrainedMemory() === 0 ? freemem() : process.availableMemory();
}
