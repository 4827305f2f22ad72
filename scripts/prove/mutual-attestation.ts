/** Mutual attestation with proof jobs and handover, and its mutants. */
import type { Model } from './model.ts';

export const MUTUAL_ATTESTATION: Model = {
  name: 'mutual-attestation',
  results: 21,
  mutants: [
    {
      name: "the transcript is not in the responder's user_data",
      changes: [
        [/nonce, t, absent/g, 'nonce, nonce, absent'],
        [/d, nonce, t\)/g, 'd, nonce, nonce)'],
      ],
      breaks: ['attacker_p1(request_of('],
    },
    {
      name: "the hello's nonce is in neither document nor transcript",
      changes: [
        [/ours, nonce, t, absent/g, 'ours, suite, t, absent'],
        [/d, nonce, t\)/g, 'd, suite, t)'],
        [/let hello = \(nonce, (\w+)\)/g, 'let hello = $1'],
        [/transcript\((\w+), \(nonce, (\w+)\)/g, 'transcript($1, $2'],
      ],
      breaks: ['inj-event(NodeTook('],
    },
    {
      name: 'the KEM key is not in the transcript',
      changes: [[/hello, \(nonce, ek\)\)\)\./, 'hello, nonce)).']],
      breaks: ['attacker_p1(request_of('],
    },
    {
      name: 'the giver does not judge its heir',
      changes: [[/if measured\([^=]*initiator\(handover, f\)\) = ours then/, '']],
      breaks: ['attacker_p1(ledger_of('],
    },
    {
      name: "the initiator's document is not bound to its ciphertext",
      changes: [[/h\(\(\(purpose, l_initiator\), f\)\)/, 'h((purpose, l_initiator))']],
      breaks: ['attacker_p1(ledger_of('],
    },
    {
      name: 'the purpose is in neither transcript',
      changes: [[/\(handover, /g, '(job, ']],
      breaks: ['inj-event(HeirTook('],
    },
    {
      name: 'a node takes any genuine enclave for a prover',
      changes: [[/if (measured\([^=]*\)) = ours then(\s+new b:)/, 'let any = $1 in$2']],
      breaks: ['attacker_p1(request_of('],
    },
    {
      name: 'a prover takes any genuine enclave for a node',
      changes: [[/if (measured\([^=]*initiator\(job, f\)\)) = ours then/, 'let any = $1 in']],
      breaks: ['attacker_p1(receipt_of('],
    },
    {
      name: 'a giver takes any genuine enclave for an heir',
      changes: [[/if (measured\([^=]*initiator\(handover, f\)\)) = ours then/, 'let any = $1 in']],
      breaks: ['attacker_p1(ledger_of('],
    },
    {
      name: 'an heir takes any genuine enclave for a giver',
      changes: [[/if (measured\([^=]*\)) = ours then(\s+event HeirTook)/, 'let any = $1 in$2']],
      breaks: ['inj-event(HeirKept('],
    },
    {
      name: 'the giver takes an heir of other rules',
      changes: [
        [/=rules\)/, 'theirs: bitstring)'],
        [/\(nonce, rules\), n, kem_pk/, '(nonce, theirs), n, kem_pk'],
      ],
      breaks: ['inj-event(GaveUp('],
    },
    {
      name: 'the rules are not in the transcript',
      changes: [
        [/transcript\(handover, \(nonce, rules\)/, 'transcript(handover, (nonce, zero)'],
        [/transcript\(handover, hello/, 'transcript(handover, (nonce, zero)'],
      ],
      breaks: ['inj-event(GaveUp('],
    },
    {
      name: 'the giver sends its ledger before it gives it up',
      changes: [[/(event GaveUp\(f, g, rules\);)(\s+out\([^;]*;)/, '$2 $1']],
      breaks: ['inj-event(HeirKept(', 'event(HeirKept('],
    },
    {
      name: 'a ledger is given up more than once',
      changes: [[/restriction f1[^.]*\./, '']],
      breaks: ['event(HeirKept('],
    },
    {
      name: 'an offer serves more than one prover',
      changes: [[/restriction n: [^.]*\./, '']],
      breaks: ['inj-event(NodeTook('],
    },
    {
      name: 'records have no numbers',
      changes: [[/= \(zero, number, kind\)/, '= (zero, kind)']],
      breaks: ['inj-event(GiverSure('],
    },
    {
      name: 'the type of a record is not in its additional data',
      changes: [[/= \(zero, number, kind\)/, '= (zero, number)']],
      breaks: ['inj-event(NodeGot('],
    },
    {
      name: 'both directions have one key',
      changes: [[/\(l_n2c, f\)/, '(l_c2n, f)']],
      breaks: ['inj-event(NodeHeard('],
    },
  ],
};
