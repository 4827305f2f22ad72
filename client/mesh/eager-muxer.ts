/**
 * yamux whose streams for our own protocols do not wait for multistream-select: the proposal
 * leaves with the first frame, and `eagerFrames` compares the acceptance when it comes. Saves one
 * round trip a stream.
 */
import type { StreamMuxerFactory } from '@libp2p/interface';
import { yamux } from '@libp2p/yamux';
import { STREAM_WINDOW_BYTES_MAX } from '../../shared/wire/constants.ts';

/** @param protocols those whose streams are read by `eagerFrames` */
export function eagerYamux(protocols: ReadonlySet<string>): () => StreamMuxerFactory {
  return () => {
    const factory = yamux({
      streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES_MAX },
    })();
    return {
      protocol: factory.protocol,
      createStreamMuxer(connection) {
        const muxer = factory.createStreamMuxer(connection);
        const createStream = muxer.createStream.bind(muxer);
        muxer.createStream = async (options) => {
          const stream = await createStream(options);
          const wanted = options?.protocol;
          // A stream that has its protocol is not negotiated by libp2p.
          if (wanted !== undefined && protocols.has(wanted)) stream.protocol = wanted;
          return stream;
        };
        return muxer;
      },
    };
  };
}
