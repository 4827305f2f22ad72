/** The elicitation handshake, what follows it, and its mutants. */
import type { Model } from './model.ts';

export const ELICITATION_HANDSHAKE: Model = {
  name: 'elicitation-handshake',
  results: 17,
  mutants: [
    {
      name: 'the transcript is not in user_data',
      changes: [[/\(ours, nonce, t\)/g, '(ours, nonce, nonce)']],
      breaks: ['not attacker_p1(req'],
    },
    {
      name: 'the nonce is in neither document nor transcript',
      changes: [
        [/\(ours, nonce, t\)/g, '(ours, suite, t)'],
        [/\(suite, nonce\), \(token/g, '(suite, suite), (token'],
      ],
      breaks: ['inj-event(ClientTook'],
    },
    {
      name: 'the KEM key is not in the transcript',
      changes: [[/\(token, ek, suite, statement\), /g, '(token, suite, statement), ']],
      breaks: ['not attacker_p1(req'],
    },
    {
      name: "the client's signature is not checked",
      changes: [[/if verify\(peer, signature, [^=]*= true then/, 'if true then']],
      breaks: ['inj-event(NodeGot', 'not attacker_p1(resp'],
    },
    {
      name: 'a stream number is taken more than once',
      changes: [[/restriction [^.]*\./, '']],
      breaks: ['inj-event(NodeGot', 'inj-event(NodeLate'],
    },
    {
      name: 'the type of a record is not in its additional data',
      changes: [[/record\(k0\), a_part/g, 'record(k0), an_end']],
      breaks: ['inj-event(NodeGot'],
    },
    {
      name: "a watchdog's answers have no number",
      changes: [[/(seal\(k, |\(=?told, =?)second_look/g, '$1first_look']],
      breaks: ['inj-event(ClientTold'],
    },
    {
      name: 'a request that is sent again leaves its earlier stream open',
      changes: [[/event Entered\(t1, n1, b\);/, '']],
      breaks: ['inj-event(NodeRan'],
    },
  ],
};
