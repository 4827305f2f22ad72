//! The egress filter's engine: deep decode, detectors and the match against cells that were read.
#![no_main]

use nmp_fuzz::{detect::Rules, engine::scan, plain_secrets, table::Table};
use std::sync::LazyLock;

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules {
    keys: vec![b"ward".to_vec(), b"diagnosis".to_vec()],
});
static TABLE: LazyLock<Option<Table>> = LazyLock::new(|| {
    let cells = [
        "Aurelia Fenwick",
        "10.05.1971",
        "4111 1111 1111 1111",
        "E11.9",
    ];
    Table::new(cells.into_iter().zip([0, 0, 1, 1]))
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let tables: Vec<_> = TABLE.iter().map(|table| ("TABLE_MATCH", table)).collect();
    let first = scan(bytes, &RULES, &tables);
    // A verdict that depends on chance could be asked for until it lets something out.
    let again = scan(bytes, &RULES, &tables);
    assert_eq!(first.undecodable, again.undecodable);
    assert_eq!(first.findings.len(), again.findings.len());
    // The guardian's look at the same bytes, without decoding.
    plain_secrets::holds(bytes);
});
