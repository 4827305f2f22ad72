/** Which program a receipt must be about that a prover elsewhere has made. */
import { decodeJournal, TRANSLATED_PROFILE } from '../../../shared/receipt/journal.ts';
import type { SealVerifier } from '../../../shared/receipt/seal.ts';
import type { Prover, Quote } from '../prover.ts';
import { moduleOfRequest } from '../prover-request.ts';

/**
 * The image id that the node's own quote asks for: of the module's translation, which the node works
 * out as its client will, or of the interpreter.
 */
export async function programOf(
  {
    local,
    seals,
  }: {
    readonly local: Pick<Prover, 'imageId'>;
    readonly seals: Pick<SealVerifier, 'translatedImageId'>;
  },
  request: Uint8Array,
  quote: Pick<Quote, 'journal'>,
): Promise<Uint8Array> {
  if (decodeJournal(quote.journal).profile !== TRANSLATED_PROFILE) return local.imageId;
  const module = moduleOfRequest(request);
  const translated = module === undefined ? undefined : await seals.translatedImageId(module);
  // Nothing has this one: what the node cannot translate is not to be believed as a translation.
  return translated ?? new Uint8Array(32);
}
