import { afterEach, describe, expect, it } from 'vitest';
import { RelayMetrics } from '../../../parent/metrics/relay-metrics.ts';
import { createStatusServer, prometheusText } from '../../../parent/metrics/status-server.ts';
import type { DatagramSnapshot } from '../../../parent/relay/datagram-relay.ts';
import type { EnclaveReady, SupervisorEvent } from '../../../parent/supervisor/supervisor.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const ready: SupervisorEvent = {
  type: 'ready',
  ready: { peerId: 'p', mode: 'local' } as unknown as EnclaveReady,
};

const FLOWS = { opened: 5, closed: 2, refused: 7, datagramsIn: 30, datagramsOut: 20, dropped: 1 };

async function started(datagrams: readonly DatagramSnapshot[] = []) {
  const metrics = new RelayMetrics();
  let emit: (event: SupervisorEvent) => void = () => undefined;
  const server = createStatusServer({
    snapshot: () => metrics.snapshot(),
    datagrams: () => datagrams,
    supervisors: [
      {
        onEvent: (listener) => {
          emit = listener;
        },
      },
    ],
  });
  const { port } = await server.start({ host: '127.0.0.1', port: 0 });
  cleanups.push(() => server.stop());
  const ask = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return { status: response.status, body: await response.text() };
  };
  return { metrics, emit: (event: SupervisorEvent) => emit(event), ask };
}

describe('the status of the parent', () => {
  it('is healthy only while the enclave is ready', async () => {
    const { emit, ask } = await started();
    expect((await ask('/health')).status).toBe(503);
    emit(ready);
    expect(await ask('/health')).toEqual({
      status: 200,
      body: '{"ready":true,"starts":1,"exits":0}\n',
    });
    emit({ type: 'exit', code: 1, restartInMs: 200 });
    expect((await ask('/health')).status).toBe(503);
  });

  it('gives its counters in the text format of Prometheus', async () => {
    const { metrics, emit, ask } = await started();
    emit(ready);
    metrics.opened();
    metrics.opened();
    metrics.closed(10, 20);
    metrics.refused();
    const { status, body } = await ask('/metrics');
    expect(status).toBe(200);
    const samples = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    for (const line of samples) expect(line).toMatch(/^nmp_[a-z_]+ \d+$/);
    for (const [, name, type] of body.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
      expect(name?.endsWith('_total')).toBe(type === 'counter');
    }
    expect(samples).toContain('nmp_enclave_up 1');
    expect(samples).toContain('nmp_relay_connections 1');
    expect(samples).toContain('nmp_relay_connections_total 2');
    expect(samples).toContain('nmp_relay_refused_total 1');
    expect(samples).toContain('nmp_relay_bytes_out_total 20');
  });

  it('adds up the flows of QUIC of all enclaves, and is silent without QUIC', async () => {
    const none = await started();
    expect((await none.ask('/metrics')).body).not.toContain('datagram');
    const { ask } = await started([FLOWS, FLOWS]);
    const { body } = await ask('/metrics');
    for (const sample of [
      'nmp_datagram_flows 6',
      'nmp_datagram_flows_total 10',
      'nmp_datagram_refused_total 14',
      'nmp_datagrams_in_total 60',
      'nmp_datagrams_out_total 40',
      'nmp_datagrams_dropped_total 2',
    ]) {
      expect(body.split('\n')).toContain(sample);
    }
  });

  it('answers nothing else', async () => {
    const { ask } = await started();
    expect((await ask('/')).status).toBe(404);
    expect((await ask('/metrics?x')).status).toBe(404);
    expect((await ask('/metrics', 'POST')).status).toBe(405);
  });

  it('says what every figure is', () => {
    const text = prometheusText({
      ...new RelayMetrics().snapshot(),
      up: 0,
      starts: 0,
      exits: 0,
      datagrams: [FLOWS],
    });
    const count = (part: string) => text.split(part).length - 1;
    expect(count('# HELP ')).toBe(count('# TYPE '));
    expect(text.endsWith('\n')).toBe(true);
  });
});
