/** The node of a release image: the Nitro Secure Module signs, nothing is simulated. */
import { runImageNode } from './boot/image-node.ts';

await runImageNode({ mode: 'nitro', createNsm: async (_, device) => ({ nsm: device }) });
