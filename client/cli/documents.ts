/** Documents to scan, one JSON line each. */
import { NmpError } from '../../shared/errors.ts';

export interface ScanDocument {
  readonly id: unknown;
  readonly body: Uint8Array;
  /** What the line says should become of it. */
  readonly expect: unknown;
}

/** @throws NmpError USAGE with the number of the line, never with its text */
export function bodyOf(line: string, at: number): ScanDocument {
  try {
    const { id, body, body_b64, expect } = JSON.parse(line);
    if (typeof body === 'string') return { id, body: new TextEncoder().encode(body), expect };
    if (typeof body_b64 === 'string') return { id, body: Buffer.from(body_b64, 'base64'), expect };
  } catch {
    // Told below, without the line itself.
  }
  throw new NmpError('USAGE', `line ${at}: not {"id", "body" or "body_b64"}`);
}
