/**
 * The JavaScript engine that plain-text logic runs on: QuickJS-ng 0.16.2 (crate rquickjs-sys
 * 0.14.0, MIT licence) with native/js/engine.c and prelude.js, built by native/js/build.sh. It is
 * a module of the pure ABI without imports; nodes run no other, and clients accept no other.
 */

/** SHA-256 of engine.wasm beside this file. */
export const SCRIPT_ENGINE_SHA256 =
  '2920438593f3cf3dcc033c9bcea00bf1380340db26695ecafa540f833e81ed40';

/** Longest text of logic, bytes of UTF-8. */
export const SCRIPT_BYTES_MAX = 262_144;

/** Fuel of a run before the first instruction of a text: the engine and its library start. */
export const SCRIPT_START_FUEL = 7_440_000n;

/** The crate that holds its sources, for bills of materials. */
export const SCRIPT_ENGINE_CRATE = { name: 'rquickjs-sys', version: '0.14.0' } as const;
