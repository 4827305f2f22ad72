/** Verifies a receipt in this page: files are read here and leave the machine nowhere. */
import { h } from 'preact';
import { useState } from 'preact/hooks';
import { toHex } from '../../../shared/bytes.ts';
import { createNobleSuite } from '../../../shared/crypto/suite-noble.ts';
import { ERROR_CODES, type ErrorCode, NmpError } from '../../../shared/errors.ts';
import { parseReceiptRequest, RECEIPT_REQUEST_BYTES_MAX } from '../../../shared/receipt/request.ts';
import { RECEIPT_BYTES_MAX } from '../../../shared/receipt/seal.ts';
import { createReceiptVerifier, type VerifiedReceipt } from '../../../shared/receipt/verify.ts';
import { systemRandom } from '../../../shared/runtime.ts';

const MODULE_BYTES_MAX = 10 * 1024 * 1024;
const PARTS = [
  { name: 'receipt', label: 'Receipt', accept: '.bin', most: RECEIPT_BYTES_MAX },
  { name: 'request', label: 'What was asked', accept: '.json', most: RECEIPT_REQUEST_BYTES_MAX },
  { name: 'module', label: 'Module that was sent', accept: '.wasm', most: MODULE_BYTES_MAX },
] as const;

type Outcome =
  | { readonly state: 'idle' }
  | { readonly state: 'busy' }
  | { readonly state: 'held'; readonly receipt: VerifiedReceipt; readonly output: string }
  | { readonly state: 'failed'; readonly code: ErrorCode };

async function read(form: FormData, { name, most }: (typeof PARTS)[number]): Promise<Uint8Array> {
  const file = form.get(name);
  if (!(file instanceof File) || file.size === 0 || file.size > most) throw new NmpError('USAGE');
  return new Uint8Array(await file.arrayBuffer());
}

/** @param wasm the committed verifier; its hash is compared before it is compiled */
async function verify(form: FormData, wasm: () => Promise<Uint8Array>): Promise<Outcome> {
  try {
    const [sealed, request, module] = await Promise.all([
      read(form, PARTS[0]),
      read(form, PARTS[1]),
      read(form, PARTS[2]),
    ]);
    const asked = parseReceiptRequest(new TextDecoder().decode(request));
    const suite = createNobleSuite(systemRandom);
    const verifier = await createReceiptVerifier({ suite }, { wasm: await wasm() });
    const receipt = await verifier.verify(module, sealed, asked);
    return { state: 'held', receipt, output: new TextDecoder().decode(asked.output) };
  } catch (error) {
    return { state: 'failed', code: error instanceof NmpError ? error.code : 'INTERNAL' };
  }
}

function result(outcome: Outcome) {
  if (outcome.state === 'idle') return null;
  if (outcome.state === 'busy') return h('p', null, 'Verifying…');
  if (outcome.state === 'failed') {
    const { cause, remedy } = ERROR_CODES[outcome.code];
    return h('div', null, [
      h('p', { class: 'status fail' }, `✗ ${outcome.code}`),
      h('p', null, `${cause} ${remedy}`),
    ]);
  }
  const { receipt, output } = outcome;
  const { journal, imageId, segments } = receipt;
  const rows: readonly (readonly [string, string])[] = [
    ['Answer', output],
    ['Ended', journal.outcome],
    ['Module', toHex(journal.moduleHash)],
    ['Proven guest', imageId],
    ['Fuel', String(journal.fuel)],
    ['Segments', String(segments)],
  ];
  return h('div', null, [
    h(
      'p',
      { class: 'status pass' },
      '✓ This module gave this answer; nobody need be trusted for it.',
    ),
    h(
      'dl',
      { class: 'facts' },
      rows.flatMap(([name, value]) => [h('dt', null, name), h('dd', null, h('code', null, value))]),
    ),
  ]);
}

export function ReceiptCheck({ wasm }: { readonly wasm: () => Promise<Uint8Array> }) {
  const [outcome, setOutcome] = useState<Outcome>({ state: 'idle' });
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    const form = new FormData(event.currentTarget);
    setOutcome({ state: 'busy' });
    setOutcome(await verify(form, wasm));
  };
  return h('form', { onSubmit: submit }, [
    ...PARTS.map(({ name, label, accept }) =>
      h('p', { class: 'field' }, [
        h('label', { for: `file-${name}` }, label),
        h('input', { id: `file-${name}`, name, type: 'file', accept, required: true }),
      ]),
    ),
    h('p', null, h('button', { disabled: outcome.state === 'busy' }, 'Verify here')),
    h('div', { role: 'status', 'aria-live': 'polite', class: 'verdict' }, result(outcome)),
  ]);
}
