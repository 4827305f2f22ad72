//! What is not translated, with its code; and that nothing panics.

use nmp_zk_translator::{limits, translate as translate_with, Refusal};

use crate::smith::{generated, noise};
use crate::support::{machine::Machine, module, pure, runtime, translate};

fn refusal(wat: &str) -> Refusal {
    translate(&module(wat)).expect_err(wat)
}

#[test]
fn what_is_not_of_the_profile() {
    assert_eq!(translate(b""), Err(Refusal::NotAModule));
    assert_eq!(translate(b"\0asm\x01\0\0"), Err(Refusal::NotAModule));
    let component = wat::parse_str("(component)").expect("text");
    assert_eq!(translate(&component), Err(Refusal::NotAModule));
    for fields in [
        "(memory 1)",
        "(global v128 (v128.const i32x4 0 0 0 0))",
        "(func (param i32) (return_call 0 (local.get 0)))",
        "(global i32 (i32.add (i32.const 1) (i32.const 2)))",
        "(global i32 (i32.const 1)) (global i32 (global.get 0))",
        "(tag)",
        "(table 1 1 (ref func) (ref.func 0))",
        "(type (struct))",
        "(table i64 1 funcref)",
        "(func (drop (i32.atomic.load (i32.const 0))))",
        "(func (result i64 i64) (i64.mul_wide_s (i64.const 1) (i64.const 2)))",
    ] {
        assert_eq!(
            refusal(&pure(fields, "(i64.const 0)")),
            Refusal::NotAModule,
            "{fields}"
        );
    }
    assert_eq!(
        refusal(r#"(module (import "a" "b" (func)))"#),
        Refusal::Import
    );
    assert_eq!(
        refusal(r#"(module (import "a" "b" (memory 1)))"#),
        Refusal::Import
    );
}

#[test]
fn what_exports_something_else() {
    let memory = r#"(memory (export "memory") 1)"#;
    let alloc = r#"(func (export "nmp_alloc") (param i32) (result i32) (i32.const 0))"#;
    let run = r#"(func (export "nmp_run") (param i32 i32) (result i64) (i64.const 0))"#;
    assert!(translate(&module(&format!("(module {memory} {alloc} {run})"))).is_ok());
    for fields in [
        format!("{memory} {alloc}"),
        format!("{memory} {run}"),
        format!("{alloc} {run}"),
        format!("(memory 1) {alloc} {run}"),
        format!(r#"(memory 1) (global (export "memory") i32 (i32.const 0)) {alloc} {run}"#),
        format!(
            r#"{memory} {alloc} (func (export "nmp_run") (param i32 i32) (result i32) (i32.const 0))"#
        ),
        format!(
            r#"{memory} {alloc} (func (export "nmp_run") (param i32 i64) (result i64) (i64.const 0))"#
        ),
        format!(
            r#"{memory} {run} (func (export "nmp_alloc") (param i64) (result i32) (i32.const 0))"#
        ),
    ] {
        assert_eq!(
            refusal(&format!("(module {fields})")),
            Refusal::Export,
            "{fields}"
        );
    }
}

#[test]
fn what_is_beyond_a_limit() {
    let wat = |fields: &str| pure(fields, "(i64.const 0)");
    let locals = |count: usize| format!("(func (local {}))", "i32 ".repeat(count));
    let params = |count: usize| format!("(type (func (param {})))", "i64 ".repeat(count));
    let nested = |depth: usize| format!("(func {} {})", "(block ".repeat(depth), ")".repeat(depth));
    let deep = |count: usize| {
        format!(
            "(func (param i32) {} {})",
            "(i32.popcnt (local.get 0))".repeat(count),
            "(drop)".repeat(count)
        )
    };
    for (fits, beyond) in [
        (
            locals(limits::LOCAL_WORDS_MAX - 1),
            locals(limits::LOCAL_WORDS_MAX + 1),
        ),
        (
            params(limits::SIGNATURE_WORDS_MAX / 2),
            params(limits::SIGNATURE_WORDS_MAX / 2 + 1),
        ),
        (
            nested(limits::NESTING_MAX - 2),
            nested(limits::NESTING_MAX + 2),
        ),
        (
            deep(limits::OPERAND_WORDS_MAX - 2),
            deep(limits::OPERAND_WORDS_MAX + 1),
        ),
        (
            "(global i32 (i32.const 0))".repeat(limits::GLOBALS_MAX),
            "(global i32 (i32.const 0))".repeat(limits::GLOBALS_MAX + 1),
        ),
        (
            "(table 1 funcref)".repeat(16),
            "(table 1 funcref)".repeat(17),
        ),
        (
            "(table 65536 funcref)".into(),
            "(table 65537 funcref)".into(),
        ),
        (
            "(func)".repeat(limits::FUNCTIONS_MAX - 2),
            "(func)".repeat(limits::FUNCTIONS_MAX),
        ),
    ] {
        assert!(
            translate(&module(&wat(&fits))).is_ok(),
            "{}",
            &fits[..60.min(fits.len())]
        );
        assert_eq!(
            refusal(&wat(&beyond)),
            Refusal::Limit,
            "{}",
            &beyond[..60.min(beyond.len())]
        );
    }
    let memory = |pages: u32| {
        pure("", "(i64.const 0)").replace("\"memory\") 1)", &format!("\"memory\") {pages})"))
    };
    assert!(translate(&module(&memory(256))).is_ok());
    assert_eq!(refusal(&memory(257)), Refusal::Limit);
    assert_eq!(
        translate(&vec![0; limits::MODULE_BYTES_MAX + 1]),
        Err(Refusal::Limit)
    );
    let table = format!(
        "(func (param i32) (br_table {} (local.get 0)))",
        "0 ".repeat(limits::BRANCH_TABLE_MAX + 2)
    );
    assert_eq!(refusal(&wat(&table)), Refusal::Limit);
    // Little to read, much to write.
    let moves = format!(
        "(type $t (func (param {p}) (result {p})))",
        p = "i64 ".repeat(60)
    );
    let constants = "(i64.const 1)".repeat(60);
    let body = format!(
        "(func {} {constants} {} {} {})",
        "(block (result i64 i64 i64)".repeat(0),
        "(loop (type $t)",
        "(br_if 0 (i32.const 1))".repeat(60_000),
        ")".to_string() + &"(drop)".repeat(60)
    );
    assert_eq!(refusal(&wat(&format!("{moves} {body}"))), Refusal::Limit);
}

#[test]
fn what_is_no_runtime() {
    let wasm = module(&pure("", "(i64.const 0)"));
    let good = runtime();
    assert!(translate_with(&wasm, &good).is_ok());
    for length in 0..good.len() {
        assert_eq!(
            translate_with(&wasm, &good[..length]),
            Err(Refusal::Runtime),
            "{length}"
        );
    }
    let mut wrong = good.clone();
    wrong[84] ^= 1;
    assert_eq!(translate_with(&wasm, &wrong), Err(Refusal::Runtime));
    let mut high = good.clone();
    high[60..64].copy_from_slice(&0x2000_0000u32.to_le_bytes());
    assert_eq!(translate_with(&wasm, &high), Err(Refusal::Runtime));
}

#[test]
fn each_refusal_has_a_word() {
    let words: std::collections::BTreeSet<&str> =
        Refusal::ALL.iter().map(|one| one.code()).collect();
    assert_eq!(words.len(), Refusal::ALL.len());
}

/// Whatever the bytes, there is an answer; and what is translated stays within its map.
#[test]
fn mutated_modules_get_an_answer() {
    let count: u64 = std::env::var("NMP_ZK_MUTATIONS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(3000);
    let mut taken = 0;
    for seed in 0..count {
        let mut wasm = generated(seed % 40);
        let bytes = noise(seed + 1, 64);
        for change in bytes.chunks_exact(4).take(1 + seed as usize % 6) {
            let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % wasm.len();
            match change[2] % 4 {
                0 => wasm[at] = change[3],
                1 => wasm[at] ^= 1 << (change[3] % 8),
                2 => drop(wasm.remove(at)),
                _ => wasm.insert(at, change[3]),
            }
        }
        if let Ok(elf) = translate(&wasm) {
            taken += 1;
            let mut machine = Machine::new(&elf, 5_000);
            for word in [
                nmp_zk_abi::HEADER_START,
                nmp_zk_abi::HEADER_ALLOC,
                nmp_zk_abi::HEADER_RUN,
            ] {
                machine.invoke(word, [64, 64]);
            }
        }
    }
    eprintln!("{count} mutations, {taken} of them modules");
    assert!(taken > 0);
}
