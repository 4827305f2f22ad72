/** A node, image or cloud that one will not trust. */
import type { Defence } from './defence.ts';

export const NODE: readonly Defence[] = [
  {
    threat: 'answers without having run the module',
    file: 'shared/receipt/verify.ts',
    from: 'if (wrong !== undefined) throw new NmpError(wrong);',
    to: '',
    test: 'unit/receipt',
    within: 'verify',
  },
  {
    threat: 'runs a text on another engine',
    file: 'client/verify/answer.ts',
    from: '  return equalBytes(stated, wanted);\n',
    to: '  return true;\n',
    test: 'unit/client/verify/answer',
  },
  {
    threat: 'shows a receipt made in a prover',
    file: 'shared/receipt/verify.ts',
    from: "if (!early && profile === undefined) throw new NmpError('RECEIPT_IMAGE');",
    to: '',
    test: 'unit/receipt',
    within: 'verify',
  },
  {
    threat: 'reads, changes, exchanges or brings back the unfinished proofs',
    file: 'enclave/prove/spool.ts',
    from: 'if (opened.sequence < least) throw fault();',
    to: '',
    test: 'unit/prove/spool',
  },
  {
    threat: 'proves another program than the module',
    file: 'shared/receipt/verify.ts',
    from: 'return translated !== undefined && equalBytes(translated, image);',
    to: 'return translated !== undefined;',
    test: 'unit/receipt',
    within: 'translated',
  },
  {
    threat: 'makes receipts up',
    file: 'shared/receipt/seal.ts',
    from: "const failure = status < STATUS.length ? STATUS[status] : 'RECEIPT_SEAL';",
    to: 'const failure = status > 0xff ? STATUS[status] : undefined;',
    test: 'fuzz/receipt',
  },
  {
    threat: 'proves with kernels that compute something else',
    file: 'shared/receipt/seal.ts',
    from: "const failure = status < STATUS.length ? STATUS[status] : 'RECEIPT_SEAL';",
    to: 'const failure = status > 0xff ? STATUS[status] : undefined;',
    test: 'unit/prove/kernels',
  },
  {
    threat: 'proves with kernels that compute something else',
    file: 'native/zk/verifier/Cargo.toml',
    from: '[lib]\n',
    to: '[patch.crates-io]\nrisc0-zkp = { path = "../.patched/risc0-zkp" }\n\n[lib]\n',
    test: 'unit/prove/kernels',
  },
];
