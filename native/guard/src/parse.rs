//! What the addon says of bytes, without napi: the fuzzer compiles this file, too.

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

/// Whether `bytes` are valid, where they are not (else 0), and their sections: depth, id, start,
/// end and count of each.
pub fn judge(bytes: &[u8]) -> (bool, u64, Vec<u32>) {
    let length = bytes.len() as u64;
    let sections = sections(bytes);
    // wasmparser 0.254.2 takes a component for whole though its last inner module ends early.
    let cut = sections
        .chunks_exact(5)
        .any(|section| u64::from(section[3]) > length);
    match Validator::new_with_features(features()).validate_all(bytes) {
        Ok(_) if cut => (false, length, sections),
        Ok(_) => (true, 0, sections),
        Err(error) => (false, (error.offset() as u64).min(length), sections),
    }
}
