//! wasmparser as the guardian's validity authority: full validation with a fixed set of features,
//! and every section as this parser sees it, so that the TypeScript decoder can be compared.
//!
//! No engine is linked here: judging a module in the node process compiles nothing.

mod parse;

use napi::bindgen_prelude::{Uint8Array, Uint32Array};
use napi_derive::napi;

#[napi(object)]
pub struct Report {
    pub valid: bool,
    pub offset: f64,
    pub sections: Uint32Array,
}

/// Validates `binary`; never throws for hostile bytes.
#[napi]
pub fn check(binary: Uint8Array) -> Report {
    let (valid, offset, sections) = parse::judge(&binary);
    Report {
        valid,
        offset: offset as f64,
        sections: Uint32Array::new(sections),
    }
}
