/**
 * The node process: composition root of everything inside the enclave. Wiring only.
 *
 * node enclave/main.ts --config F --run DIR --state DIR [--announce MULTIADDR]…
 *   [--role prover | --role giver --name NAME] [--heir NAME]
 */
import { parseArgs } from 'node:util';
import { NmpError } from '../shared/errors.ts';
import { startLocalGiver, startLocalNode, startLocalProver } from './local.ts';

const { values } = parseArgs({
  options: {
    config: { type: 'string' },
    run: { type: 'string' },
    state: { type: 'string' },
    announce: { type: 'string', multiple: true, default: [] },
    role: { type: 'string', default: 'node' },
    name: { type: 'string' },
    heir: { type: 'string' },
  },
});

try {
  if (values.config === undefined || values.run === undefined || values.state === undefined) {
    throw new NmpError('USAGE', '--config, --run and --state are required');
  }
  const init = {
    configFile: values.config,
    runDirectory: values.run,
    stateDirectory: values.state,
    announce: values.announce,
  };
  const { role, name, heir } = values;
  const starts = {
    node: () => startLocalNode({ ...init, ...(heir !== undefined && { heir }) }),
    prover: () => startLocalProver(init),
    giver: () => startLocalGiver({ ...init, name: name ?? '' }),
  };
  if (role !== 'node' && role !== 'prover' && role !== 'giver')
    throw new NmpError('USAGE', '--role');
  const { node, ready } = await starts[role]();
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
