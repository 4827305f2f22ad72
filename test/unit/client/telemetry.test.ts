import { type Attributes, type Span, type Tracer, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NmpClient } from '../../../client/node-client.ts';
import { traced } from '../../../client/telemetry.ts';
import { NmpError } from '../../../shared/errors.ts';
import { PCR, POLICY, reportFor } from '../../support/fake-mesh.ts';

interface Told {
  readonly name: string;
  readonly attributes: Attributes;
  status?: unknown;
  ended: boolean;
}
let told: Told[];

/** A tracer that keeps what it is told; anything else that is called on a span throws. */
beforeEach(() => {
  told = [];
  const startActiveSpan = (
    name: string,
    options: { attributes: Attributes },
    work: (span: Span) => unknown,
  ) => {
    const record: Told = { name, attributes: { ...options.attributes }, ended: false };
    told.push(record);
    return work({
      setAttributes: (more: Attributes) => Object.assign(record.attributes, more),
      setAttribute: (key: string, value: string) =>
        Object.assign(record.attributes, { [key]: value }),
      setStatus: (status: unknown) => Object.assign(record, { status }),
      end: () => Object.assign(record, { ended: true }),
    } as unknown as Span);
  };
  const tracer = { startActiveSpan } as unknown as Tracer;
  trace.setGlobalTracerProvider({ getTracer: () => tracer });
});
afterEach(() => trace.disable());

describe('spans of the client', () => {
  it('tell operation, peer, capability and verdict, and nothing of what was asked or answered', async () => {
    const report = reportFor(POLICY, PCR('a'));
    const facts = { peer: 'peer-one', capability: 'count', proofMode: 'attested' };
    const answer = { output: { secret: 'payload' }, report, certificate: Uint8Array.of(1) };
    expect(await traced('run', facts, async () => answer)).toBe(answer);
    expect(told).toEqual([
      {
        name: 'nmp.run',
        attributes: {
          'nmp.peer': 'peer-one',
          'nmp.capability': 'count',
          'nmp.proof_mode': 'attested',
          'nmp.verdict': 'pass',
          'nmp.simulated': false,
        },
        ended: true,
      },
    ]);
  });

  it.each([
    [new NmpError('EGRESS_BLOCKED', 'a message with payload'), 'EGRESS_BLOCKED'],
    [new TypeError('a message with payload'), 'INTERNAL'],
  ])('tell a failure by its code alone', async (error, code) => {
    await expect(traced('callTool', {}, () => Promise.reject(error))).rejects.toBe(error);
    expect(told).toMatchObject([{ status: { message: code }, ended: true }]);
    expect(JSON.stringify(told)).not.toContain('payload');
  });

  it('come of the client itself', async () => {
    await using client = new NmpClient(
      { name: 'test', version: '1' },
      { policy: POLICY, retries: 0 },
    );
    await expect(client.connect('no address')).rejects.toMatchObject({ code: 'USAGE' });
    await expect(
      client.run('nobody', { module: new Uint8Array(), args: { secret: 'payload' } }),
    ).rejects.toThrow();
    const request = { module: new Uint8Array(), args: { secret: 'payload' } };
    await expect(client.runQuorum(['a', 'b', 'c'], request, { agree: 1 })).rejects.toThrow();
    await expect(client.watch('nobody', request)).rejects.toThrow();
    expect(told.map(({ name, attributes }) => [name, attributes['error.type']])).toEqual([
      ['nmp.connect', 'USAGE'],
      ['nmp.run', 'UNREACHABLE'],
      ['nmp.runQuorum', 'USAGE'],
      ['nmp.watch', 'UNREACHABLE'],
    ]);
    expect(JSON.stringify(told)).not.toContain('payload');
  });
});
