import type { ErrorEntry } from './entry.ts';

const DISTRUST = 'Do not trust the answer; it is not proven.';

export const RECEIPT_ERRORS = {
  RECEIPT_REQUEST: {
    stage: 'receipt',
    exit: 6,
    cause: 'The request that a receipt is checked against is not of the form in docs/receipts.md.',
    remedy: 'Give the request as it was written when the call was made.',
  },
  RECEIPT_VERIFIER: {
    stage: 'receipt',
    exit: 6,
    cause: 'The verifier of receipts is missing, or is not the one that this release pins.',
    remedy: 'Install the package again; nothing was verified.',
  },
  RECEIPT_MALFORMED: {
    stage: 'receipt',
    exit: 6,
    cause: 'The receipt is cut, has bytes too many, or is not in the one encoding of a receipt.',
    remedy: DISTRUST,
  },
  RECEIPT_KIND: {
    stage: 'receipt',
    exit: 6,
    cause: 'The receipt is fake (development mode) or of another kind than a composite STARK.',
    remedy: `${DISTRUST} Only stark-composite is a proof here.`,
  },
  RECEIPT_IMAGE: {
    stage: 'receipt',
    exit: 6,
    cause:
      'The receipt is about another program: neither the module translated, nor a pinned interpreter.',
    remedy:
      'Verify with the module that was sent and the release that you trust; otherwise do not trust the answer.',
  },
  RECEIPT_SEAL: {
    stage: 'receipt',
    exit: 6,
    cause: 'The seal is not a valid STARK for what the receipt claims.',
    remedy: DISTRUST,
  },
  RECEIPT_JOURNAL_DIGEST: {
    stage: 'receipt',
    exit: 6,
    cause: 'The journal is not the one that the seal proves.',
    remedy: DISTRUST,
  },
  RECEIPT_JOURNAL_VERSION: {
    stage: 'receipt',
    exit: 6,
    cause: 'The journal is not of the version that this release reads.',
    remedy: 'Ask for a receipt of this version; an older journal says less than is checked here.',
  },
  RECEIPT_PROFILE: {
    stage: 'receipt',
    exit: 6,
    cause: 'The module ran under another profile than the receipt must be about.',
    remedy: DISTRUST,
  },
  RECEIPT_MODULE: {
    stage: 'receipt',
    exit: 6,
    cause: 'Another module ran than the one that was sent.',
    remedy: DISTRUST,
  },
  RECEIPT_ARGUMENTS: {
    stage: 'receipt',
    exit: 6,
    cause: 'The module ran on other arguments than those that were sent.',
    remedy: DISTRUST,
  },
  RECEIPT_INPUT: {
    stage: 'receipt',
    exit: 6,
    cause: 'The proven input is not the one that the certificate commits to.',
    remedy: DISTRUST,
  },
  RECEIPT_DATASETS: {
    stage: 'receipt',
    exit: 6,
    cause: 'The rows do not belong to the datasets and columns that were asked for.',
    remedy: `${DISTRUST} It is not about the published data.`,
  },
  RECEIPT_OUTPUT: {
    stage: 'receipt',
    exit: 6,
    cause: 'The answer is not the output that was proven.',
    remedy: DISTRUST,
  },
  RECEIPT_NONCE: {
    stage: 'receipt',
    exit: 6,
    cause: 'The receipt belongs to another session or another call.',
    remedy: DISTRUST,
  },
  RECEIPT_FUEL: {
    stage: 'receipt',
    exit: 6,
    cause: 'The module ran under another fuel limit than was agreed.',
    remedy: DISTRUST,
  },
  RECEIPT_OUTCOME: {
    stage: 'receipt',
    exit: 6,
    cause: 'The proven run ended otherwise than was claimed: a trap, out of fuel, or no module.',
    remedy: 'Take the proven outcome; there is no output to trust.',
  },
  RECEIPT_PROVER: {
    stage: 'receipt',
    exit: 1,
    cause: 'The prover is not installed, or ended without a receipt.',
    remedy: 'Build it with make zk-prover, or give the node more memory (2.64 GB for a proof).',
  },
  RECEIPT_NO_PROVER: {
    stage: 'receipt',
    exit: 3,
    cause: 'No attested prover took the proof, or none that took it came to an end with it.',
    remedy:
      'Start provers of the same measurements, or let the node prove by itself (docs/scale-out.md).',
  },
  JOBS_UNREACHABLE: {
    stage: 'transport',
    exit: 3,
    cause: 'The NATS server for proof jobs does not answer, or has no JetStream.',
    remedy: 'Start it with JetStream (nats-server -js), and give its address with --nats.',
  },
  RECEIPT_TOO_LONG: {
    stage: 'receipt',
    exit: 4,
    cause: 'The run is too long to be proven: more than 16 segments of 262,144 cycles.',
    remedy: 'Ask for fewer rows or columns, or take an attested answer.',
  },
  RECEIPT_DIVERGED: {
    stage: 'receipt',
    exit: 4,
    cause: 'The program that is proven does not give the answer that would be released.',
    remedy: 'Have the module answer canonical JSON, and no NaN bits; or take an attested answer.',
  },
  RECEIPT_BUSY: {
    stage: 'receipt',
    exit: 3,
    cause:
      'As many proofs wait as the node takes, from this client or from all, or it has too little memory for one.',
    remedy: 'Wait for proofs under way, or take an attested answer.',
  },
  RECEIPT_SPOOL: {
    stage: 'receipt',
    exit: 1,
    cause:
      'The sealed spool of unfinished proofs, or the job asked for in it, was changed, is older than it was, belongs to another release, or cannot be written.',
    remedy: 'Make the call again; if the node does not start, remove the spool with its counter.',
  },
  RECEIPT_JOB: {
    stage: 'receipt',
    exit: 6,
    cause: 'The node has no such proof for this client; finished ones are kept for 30 minutes.',
    remedy: 'Make the call again.',
  },
} as const satisfies Record<string, ErrorEntry>;
