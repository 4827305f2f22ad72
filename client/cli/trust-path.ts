import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where approvals and pins are kept unless `--trust` says otherwise. */
export const TRUST_FILE = join(homedir(), '.config', 'nmp', 'trust.json');
