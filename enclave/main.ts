/**
 * The node process: composition root of everything inside the enclave. Wiring only.
 *
 * node enclave/main.ts --config F --run DIR --state DIR [--announce MULTIADDR]… [--role prover]
 */
import { parseArgs } from 'node:util';
import { NmpError } from '../shared/errors.ts';
import { startLocalNode, startLocalProver } from './local.ts';

const { values } = parseArgs({
  options: {
    config: { type: 'string' },
    run: { type: 'string' },
    state: { type: 'string' },
    announce: { type: 'string', multiple: true, default: [] },
    role: { type: 'string', default: 'node' },
  },
});

try {
  if (values.config === undefined || values.run === undefined || values.state === undefined) {
    throw new NmpError('USAGE', '--config, --run and --state are required');
  }
  if (values.role !== 'node' && values.role !== 'prover') throw new NmpError('USAGE', '--role');
  const start = values.role === 'prover' ? startLocalProver : startLocalNode;
  const { node, ready } = await start({
    configFile: values.config,
    runDirectory: values.run,
    stateDirectory: values.state,
    announce: values.announce,
  });
  process.send?.({ type: 'ready', ready });
  const stop = () => {
    node.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // The parent is gone: nobody can reach this node any more.
  process.once('disconnect', stop);
} catch (error) {
  const failure =
    error instanceof NmpError ? error : new NmpError('INTERNAL', undefined, { cause: error });
  const detail = failure.cause instanceof Error ? ` (${failure.cause.message})` : '';
  process.stderr.write(
    `${failure.message}${detail}\n  code    ${failure.code}\n  remedy  ${failure.remedy}\n`,
  );
  process.exit(failure.exit);
}
