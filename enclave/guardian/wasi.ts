/**
 * The functions of `wasi_snapshot_preview1` (WebAssembly/WASI, phases/snapshot/witx), each with its
 * type in core WebAssembly and the capability that grants it.
 */

/** Granted to every module: they end it, or act on streams granted otherwise. */
export const ALWAYS = 'always';
/** Granted to none. */
export const NEVER = 'never';

/** Capabilities a manifest may name; WASI interface names (`wasi:…`) besides, for components. */
export const CAPABILITIES = [
  'stdin',
  'stdout',
  'clock',
  'random',
  'env',
  'args',
  'fs',
  'net',
  'poll',
  'fd',
] as const;

/** Capabilities that keep a run a function of its input alone. */
export const DETERMINISTIC_CAPABILITIES: ReadonlySet<string> = new Set(['stdin', 'stdout']);

export const PREVIEW1 = 'wasi_snapshot_preview1';

type Entry = readonly [capability: string, signature: string];

/** Signatures are written as in `FunctionType.signature`: i is i32, I is i64. */
export const PREVIEW1_FUNCTIONS: ReadonlyMap<string, Entry> = new Map<string, Entry>([
  ['args_get', ['args', 'ii:i']],
  ['args_sizes_get', ['args', 'ii:i']],
  ['environ_get', ['env', 'ii:i']],
  ['environ_sizes_get', ['env', 'ii:i']],
  ['clock_res_get', ['clock', 'ii:i']],
  ['clock_time_get', ['clock', 'iIi:i']],
  ['fd_advise', ['fd', 'iIIi:i']],
  ['fd_allocate', ['fd', 'iII:i']],
  ['fd_close', [ALWAYS, 'i:i']],
  ['fd_datasync', ['fd', 'i:i']],
  ['fd_fdstat_get', [ALWAYS, 'ii:i']],
  ['fd_fdstat_set_flags', ['fd', 'ii:i']],
  ['fd_fdstat_set_rights', ['fd', 'iII:i']],
  ['fd_filestat_get', ['fd', 'ii:i']],
  ['fd_filestat_set_size', ['fd', 'iI:i']],
  ['fd_filestat_set_times', ['fd', 'iIIi:i']],
  ['fd_pread', ['fd', 'iiiIi:i']],
  ['fd_prestat_get', ['fs', 'ii:i']],
  ['fd_prestat_dir_name', ['fs', 'iii:i']],
  ['fd_pwrite', ['fd', 'iiiIi:i']],
  ['fd_read', ['stdin', 'iiii:i']],
  ['fd_readdir', ['fs', 'iiiIi:i']],
  ['fd_renumber', ['fd', 'ii:i']],
  ['fd_seek', [ALWAYS, 'iIii:i']],
  ['fd_sync', ['fd', 'i:i']],
  ['fd_tell', ['fd', 'ii:i']],
  ['fd_write', ['stdout', 'iiii:i']],
  ['path_create_directory', ['fs', 'iii:i']],
  ['path_filestat_get', ['fs', 'iiiii:i']],
  ['path_filestat_set_times', ['fs', 'iiiiIIi:i']],
  ['path_link', ['fs', 'iiiiiii:i']],
  ['path_open', ['fs', 'iiiiiIIii:i']],
  ['path_readlink', ['fs', 'iiiiii:i']],
  ['path_remove_directory', ['fs', 'iii:i']],
  ['path_rename', ['fs', 'iiiiii:i']],
  ['path_symlink', ['fs', 'iiiii:i']],
  ['path_unlink_file', ['fs', 'iii:i']],
  ['poll_oneoff', ['poll', 'iiii:i']],
  ['proc_exit', [ALWAYS, 'i:']],
  ['proc_raise', [NEVER, 'i:i']],
  ['random_get', ['random', 'ii:i']],
  ['sched_yield', ['poll', ':i']],
  ['sock_accept', ['net', 'iii:i']],
  ['sock_recv', ['net', 'iiiiii:i']],
  ['sock_send', ['net', 'iiiii:i']],
  ['sock_shutdown', ['net', 'ii:i']],
]);

/** Types of the entry exports of the guest ABIs (docs/protocol.md, Guest ABI `pure`). */
export const ENTRY_SIGNATURES: ReadonlyMap<string, string> = new Map([
  ['nmp_run', 'ii:I'],
  ['nmp_alloc', 'i:i'],
  ['_start', ':'],
  ['_initialize', ':'],
]);
