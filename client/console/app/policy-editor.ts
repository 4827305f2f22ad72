/** Edits a copy of the policy; what it would change is shown, and nothing is changed by the page. */
import { h } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { NmpError } from '../../../shared/errors.ts';
import { type ClientPolicy, parseClientPolicy } from '../../../shared/policy/client-policy.ts';
import { type DiffLine, diffLines, policyEffects } from '../policy-diff.ts';

const FILE = 'client-policy.json';
/** Unchanged lines shown around a change. */
const CONTEXT = 2;
const SIGN = { same: ' ', added: '+', removed: '−' } as const;
const TAG = { same: 'span', added: 'ins', removed: 'del' } as const;

function parse(text: string): { readonly policy: ClientPolicy } | { readonly problem: string } {
  try {
    return { policy: parseClientPolicy(text, FILE) };
  } catch (error) {
    if (error instanceof NmpError) return { problem: `${error.code}: ${error.message}` };
    return { problem: 'INTERNAL' };
  }
}

function near(lines: readonly DiffLine[]): readonly DiffLine[] {
  return lines.filter((_, i) =>
    lines.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some(({ kind }) => kind !== 'same'),
  );
}

function save(text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = FILE;
  link.click();
  URL.revokeObjectURL(url);
}

export function PolicyEditor({ original }: { readonly original: string }) {
  const [text, setText] = useState(original);
  const parsed = useMemo(() => parse(text), [text]);
  const before = useMemo(() => parse(original), [original]);
  const lines = useMemo(() => near(diffLines(original, text)), [original, text]);
  const effects =
    'policy' in parsed && 'policy' in before ? policyEffects(before.policy, parsed.policy) : [];
  const valid = 'policy' in parsed;
  const changed = text !== original;
  return h('div', null, [
    h('label', { for: 'policy-text' }, 'Policy, as JSON'),
    h('textarea', {
      id: 'policy-text',
      rows: Math.min(24, original.split('\n').length + 1),
      spellcheck: false,
      value: text,
      'aria-invalid': !valid,
      'aria-describedby': 'policy-verdict',
      onInput: (event: Event) => {
        if (event.currentTarget instanceof HTMLTextAreaElement) setText(event.currentTarget.value);
      },
    }),
    h('div', { id: 'policy-verdict', role: 'status', 'aria-live': 'polite' }, [
      valid
        ? h('p', null, changed ? 'Valid.' : 'As it is now.')
        : h('p', { class: 'status fail' }, `✗ ${parsed.problem}`),
      effects.length === 0
        ? null
        : h(
            'ul',
            { class: 'effects' },
            effects.map(({ effect, text: what }) =>
              h('li', null, [
                h('span', { class: `status ${effect === 'wider' ? 'fail' : 'pass'}` }, effect),
                ` ${what}`,
              ]),
            ),
          ),
    ]),
    lines.length === 0
      ? null
      : h(
          'pre',
          { class: 'diff', tabIndex: 0, role: 'region', 'aria-label': 'Changed lines' },
          lines.map(({ kind, text: line }) =>
            h(TAG[kind], { class: kind }, `${SIGN[kind]} ${line}\n`),
          ),
        ),
    h('p', null, [
      h(
        'button',
        { type: 'button', disabled: !valid || !changed, onClick: () => save(text) },
        'Save a copy',
      ),
      ' ',
      h(
        'button',
        { type: 'button', disabled: !changed, onClick: () => setText(original) },
        'Start over',
      ),
    ]),
  ]);
}
