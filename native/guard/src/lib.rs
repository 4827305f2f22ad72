//! wasmparser as the guardian's validity authority: full validation with a fixed set of features,
//! and every section as this parser sees it, so that the TypeScript decoder can be compared.
//!
//! No engine is linked here: judging a module in the node process compiles nothing.

use napi::bindgen_prelude::{Uint8Array, Uint32Array};
use napi_derive::napi;
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

/// What the project admits: MVP, mutable globals, sign extension, saturating conversion,
/// multi-value, bulk memory, reference types; and the component model around such modules.
fn features() -> WasmFeatures {
    WasmFeatures::FLOATS
        | WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::REFERENCE_TYPES
        // externref stands behind this flag in wasmparser; it is not the GC proposal.
        | WasmFeatures::GC_TYPES
        | WasmFeatures::COMPONENT_MODEL
}

#[napi(object)]
pub struct Report {
    pub valid: bool,
    pub offset: f64,
    pub sections: Uint32Array,
}

/// Section id, content range and item count; `None` for what is no section.
fn record(payload: &Payload<'_>) -> Option<(u8, std::ops::Range<u64>, u32)> {
    use Payload::*;
    let (id, range, count) = match payload {
        TypeSection(s) => (1, s.range(), s.count()),
        ImportSection(s) => (2, s.range(), s.count()),
        FunctionSection(s) => (3, s.range(), s.count()),
        TableSection(s) => (4, s.range(), s.count()),
        MemorySection(s) => (5, s.range(), s.count()),
        GlobalSection(s) => (6, s.range(), s.count()),
        ExportSection(s) => (7, s.range(), s.count()),
        StartSection { range, .. } => (8, range.clone(), 1),
        ElementSection(s) => (9, s.range(), s.count()),
        CodeSectionStart { count, range, .. } => (10, range.clone(), *count),
        DataSection(s) => (11, s.range(), s.count()),
        DataCountSection { count, range } => (12, range.clone(), *count),
        CustomSection(s) => (0, s.range(), 0),
        ModuleSection {
            unchecked_range, ..
        } => (1, unchecked_range.clone(), 0),
        InstanceSection(s) => (2, s.range(), s.count()),
        CoreTypeSection(s) => (3, s.range(), s.count()),
        ComponentSection {
            unchecked_range, ..
        } => (4, unchecked_range.clone(), 0),
        ComponentInstanceSection(s) => (5, s.range(), s.count()),
        ComponentAliasSection(s) => (6, s.range(), s.count()),
        ComponentTypeSection(s) => (7, s.range(), s.count()),
        ComponentCanonicalSection(s) => (8, s.range(), s.count()),
        ComponentStartSection { range, .. } => (9, range.clone(), 1),
        ComponentImportSection(s) => (10, s.range(), s.count()),
        ComponentExportSection(s) => (11, s.range(), s.count()),
        _ => return None,
    };
    Some((id, range.start as u64..range.end as u64, count))
}

fn sections(binary: &[u8]) -> Vec<u32> {
    let mut out = Vec::new();
    let mut depth = 0u32;
    for payload in Parser::new(0).parse_all(binary) {
        let Ok(payload) = payload else { break };
        if let Some((id, range, count)) = record(&payload) {
            out.extend_from_slice(&[
                depth,
                u32::from(id),
                range.start as u32,
                range.end as u32,
                count,
            ]);
        }
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    out
}

/// Validates `binary`; never throws for hostile bytes.
#[napi]
pub fn check(binary: Uint8Array) -> Report {
    let bytes: &[u8] = &binary;
    let (valid, offset) = match Validator::new_with_features(features()).validate_all(bytes) {
        Ok(_) => (true, 0.0),
        Err(error) => (false, error.offset() as f64),
    };
    Report {
        valid,
        offset,
        sections: Uint32Array::new(sections(bytes)),
    }
}
