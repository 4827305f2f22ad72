/** The reports and certificates behind what this bridge released, for resources and nmp_verify. */
import type { AttestationReport } from '../../shared/attestation/report.ts';
import { toHex } from '../../shared/bytes.ts';
import type { Clock } from '../../shared/runtime.ts';
import type { Answer } from '../nmp-client.ts';

/** Kept of each kind; the oldest go first. */
const KEPT_MAX = 256;

export interface EvidenceSummary {
  /** SHA-256 of the attestation document's payload, hex; resource `nmp://report/{reportId}`. */
  readonly reportId: string;
  /** SHA-256 of the execution certificate, hex; resource `nmp://receipt/{receiptId}`. */
  readonly receiptId?: string;
  /** `zk`: a receipt of the execution was verified too; else the enclave's certificate alone. */
  readonly proof?: 'certificate' | 'zk';
  readonly pcr0: string;
  /** Age of the document when it was summarised. */
  readonly freshnessMs: number;
  readonly mode: AttestationReport['mode'];
  /** True if no hardware stands behind the evidence. */
  readonly simulated: boolean;
}

export interface EvidenceStoreComponents {
  readonly clock: Clock;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
}

export class EvidenceStore {
  readonly #components: EvidenceStoreComponents;
  readonly #reports = new Map<string, AttestationReport>();
  readonly #receipts = new Map<string, Uint8Array>();

  constructor(components: EvidenceStoreComponents) {
    this.#components = components;
  }

  keepReport(report: AttestationReport): EvidenceSummary {
    const { document } = report;
    const reportId = document?.payloadHash ?? '';
    if (reportId !== '') keep(this.#reports, reportId, report);
    const madeMs = Date.parse(document?.timestamp ?? '');
    const age = this.#components.clock.nowMs() - madeMs;
    return {
      reportId,
      pcr0: document?.pcrs['0'] ?? '',
      freshnessMs: Number.isNaN(age) ? 0 : Math.max(0, Math.trunc(age)),
      mode: report.mode,
      simulated: report.simulated,
    };
  }

  keepAnswer({
    report,
    certificate,
    receipt,
  }: Pick<Answer, 'report' | 'certificate' | 'receipt'>): EvidenceSummary {
    const receiptId = toHex(this.#components.sha256(certificate));
    keep(this.#receipts, receiptId, Uint8Array.from(certificate));
    const proof = receipt === undefined ? 'certificate' : 'zk';
    return { ...this.keepReport(report), receiptId, proof };
  }

  report(id: string): AttestationReport | undefined {
    return this.#reports.get(id);
  }

  receipt(id: string): Uint8Array | undefined {
    return this.#receipts.get(id);
  }

  /** Newest first. */
  get ids(): { readonly reports: readonly string[]; readonly receipts: readonly string[] } {
    return {
      reports: [...this.#reports.keys()].reverse(),
      receipts: [...this.#receipts.keys()].reverse(),
    };
  }
}

function keep<T>(map: Map<string, T>, id: string, value: T): void {
  map.delete(id);
  map.set(id, value);
  const [oldest] = map.keys();
  if (map.size > KEPT_MAX && oldest !== undefined) map.delete(oldest);
}
