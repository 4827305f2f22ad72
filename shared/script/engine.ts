/**
 * The JavaScript engine that plain-text logic runs on: QuickJS-ng 0.16.2 (crate rquickjs-sys
 * 0.14.0, MIT licence) with native/js/engine.c and prelude.js, built by native/js/build.sh. It is
 * a module of the pure ABI without imports; nodes run no other, and clients accept no other.
 */

/** SHA-256 of engine.wasm beside this file. */
export const SCRIPT_ENGINE_SHA256 =
  '5eace835516502eae218f022b12c34de11a32a29b3984ce82d35444876daf0a4';

/** Longest text of logic, bytes of UTF-8. */
export const SCRIPT_BYTES_MAX = 262_144;

/** Fuel of a run before the first instruction of a text: the engine and its library start. */
export const SCRIPT_START_FUEL = 7_690_000n;
