//! Linear-time core of the egress filter: deep decode and detectors, as a napi addon.

mod automaton;
mod blocks;
mod bytes;
mod checks;
mod codec;
mod columns;
mod detect;
mod engine;
mod groups;
mod identifiers;
mod key_names;
mod keys;
mod names;
mod numbers;
mod passes;
mod path;
mod phones;
mod pieces;
mod plain_secrets;
mod secrets;
mod seen;
mod table;
mod tokens;
mod values;
mod view;
mod vocab;
mod words;
mod worth;

use napi::bindgen_prelude::{ClassInstance, Uint8Array, Uint32Array};
use napi_derive::napi;

#[napi(object)]
pub struct Finding {
    pub kind: String,
    pub rule: String,
    pub path: String,
}

#[napi(object)]
pub struct ScanResult {
    pub findings: Vec<Finding>,
    pub undecodable: bool,
}

/// Cells of the tables that a run read, with the row of each, indexed once.
#[napi]
pub struct TableIndex {
    table: Option<table::Table>,
    kind: &'static str,
}

#[napi]
impl TableIndex {
    #[napi(constructor)]
    pub fn new(cells: Vec<String>, rows: Uint32Array, canaries: bool) -> Self {
        let cells = cells.iter().map(String::as_str);
        TableIndex {
            table: table::Table::new(cells.zip(rows.iter().copied())),
            kind: if canaries { "CANARY" } else { "TABLE_MATCH" },
        }
    }
}

/// Scans `output`; `restricted_keys` are the policy's own, in any spelling.
#[napi]
pub fn scan(
    output: Uint8Array,
    restricted_keys: Vec<String>,
    indexes: Vec<ClassInstance<TableIndex>>,
) -> ScanResult {
    let squeeze = |key: String| {
        key.bytes()
            .filter(u8::is_ascii_alphanumeric)
            .map(|b| b.to_ascii_lowercase())
            .collect()
    };
    let rules = detect::Rules {
        keys: restricted_keys.into_iter().map(squeeze).collect(),
    };
    // A fault of ours must neither end the process nor let anything out.
    let tables: Vec<(&'static str, &table::Table)> = indexes
        .iter()
        .filter_map(|index| index.table.as_ref().map(|table| (index.kind, table)))
        .collect();
    let bytes: &[u8] = &output;
    let look = std::panic::AssertUnwindSafe(|| engine::scan(bytes, &rules, &tables));
    let scanned = std::panic::catch_unwind(look);
    let verdict = scanned.unwrap_or(engine::Verdict {
        findings: Vec::new(),
        undecodable: true,
    });
    let findings = verdict
        .findings
        .into_iter()
        .map(|f| Finding {
            kind: f.kind.to_owned(),
            rule: f.rule.to_owned(),
            path: f.path,
        })
        .collect();
    ScanResult {
        findings,
        undecodable: verdict.undecodable,
    }
}

/// Whether a secret in a published format stands in `bytes` as they lie; nothing is decoded.
#[napi]
pub fn holds_secret(bytes: Uint8Array) -> bool {
    // A fault of ours must neither end the process nor let anything through.
    let bytes: &[u8] = &bytes;
    std::panic::catch_unwind(|| plain_secrets::holds(bytes)).unwrap_or(true)
}

/// The rules as data, for the policy digest.
#[napi]
pub fn rules_text() -> String {
    secrets::source().to_owned()
}
