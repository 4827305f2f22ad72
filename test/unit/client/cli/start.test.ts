import { describe, expect, it } from 'vitest';
import { withAnnounced } from '../../../../client/cli/commands/start.ts';

describe('nmp start --announce', () => {
  it('stands in the place of what the file announces', () => {
    const text = JSON.stringify({ version: 1, announce: ['/ip4/10.0.0.1/tcp/1'] });
    const announce = ['/ip4/10.0.0.7/tcp/4720', '/ip4/10.0.0.7/udp/4720/quic-v1'];
    expect(JSON.parse(withAnnounced(text, announce))).toEqual({ version: 1, announce });
  });

  // A variable that nobody filled in, a bare address, a path.
  it.each(['/ip4//tcp/4720', '10.0.0.7:4720', '/unix/tmp', '/ip4/10.0.0.7/tcp/'])(
    'refuses %s',
    (address) => {
      expect(() => withAnnounced('{}', ['/ip4/10.0.0.7/tcp/4720', address])).toThrow(
        expect.objectContaining({ code: 'USAGE' }),
      );
    },
  );
});
