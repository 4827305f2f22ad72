/** What the demo shows: a scene each, with what must happen in it and what did. */
import type { AttestationReport } from '../../../shared/attestation/report.ts';
import { NmpError } from '../../../shared/errors.ts';

export interface SceneResult {
  readonly name: string;
  readonly title: string;
  /** True if exactly what had to happen did. */
  readonly held: boolean;
  /** What happened, in a sentence. */
  readonly verdict: string;
  readonly report?: AttestationReport;
}

export interface Scene {
  readonly name: string;
  readonly title: string;
  play(): Promise<Omit<SceneResult, 'name' | 'title'>>;
}

/** A scene that must end in one of these refusals; an answer is a failure of the demo. */
export async function mustRefuse(
  codes: readonly string[],
  action: () => Promise<unknown>,
): Promise<{ held: boolean; code: string }> {
  try {
    await action();
    return { held: false, code: 'an answer was released' };
  } catch (error) {
    if (!(error instanceof NmpError)) throw error;
    return { held: codes.includes(error.code), code: error.code };
  }
}

/** Plays scenes in order; a scene that throws has not held. */
export async function playScenes(
  scenes: readonly Scene[],
  onResult: (result: SceneResult, elapsedMs: number) => void,
  nowMs: () => number,
): Promise<readonly SceneResult[]> {
  const results: SceneResult[] = [];
  for (const { name, title, play } of scenes) {
    const started = nowMs();
    const outcome = await play().catch((error: unknown) => ({
      held: false,
      verdict: error instanceof NmpError ? `failed with ${error.code}` : `failed: ${String(error)}`,
    }));
    const result = { name, title, ...outcome };
    results.push(result);
    onResult(result, nowMs() - started);
  }
  return results;
}
