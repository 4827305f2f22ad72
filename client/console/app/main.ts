/** Entry of the page's script: fills the places that the page left for it. */
import { type ComponentChild, h, render } from 'preact';
import { z } from 'zod';
import { type AppData, BLOCKS, PLACES } from './data.ts';
import { HistoryChart } from './history-chart.ts';
import { PolicyEditor } from './policy-editor.ts';
import { ReceiptCheck } from './receipt-check.ts';

// The page's Content Security Policy allows no code made at run time.
z.config({ jitless: true });

const block = (id: string) => document.getElementById(id)?.textContent ?? '';

/** The verifier lies gzipped in base64 in the page, so that an exported file has it too. */
async function verifier(): Promise<Uint8Array> {
  const packed = Uint8Array.from(atob(block(BLOCKS.verifier).trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function fill(id: string, part: ComponentChild): void {
  const place = document.getElementById(id);
  if (place === null) return;
  place.replaceChildren();
  render(part, place);
}

const data = JSON.parse(block(BLOCKS.data)) as AppData;
fill(PLACES.receipt, h(ReceiptCheck, { wasm: verifier }));
fill(PLACES.policy, h(PolicyEditor, { original: data.policy }));
if (data.history.series.length > 0)
  fill(PLACES.history, h(HistoryChart, { history: data.history }));
