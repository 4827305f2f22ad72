//! Loads and stores at the edges of linear memory, aligned or not.

use nmp_zk_abi as abi;

use crate::support::machine::{End, Machine};
use crate::support::oracle::{compare, compare_wat};
use crate::support::{module, pure, translate};

const LOADS: &[(&str, &str, u64)] = &[
    ("i32", "load", 4),
    ("i32", "load8_s", 1),
    ("i32", "load8_u", 1),
    ("i32", "load16_s", 2),
    ("i32", "load16_u", 2),
    ("i64", "load", 8),
    ("i64", "load8_s", 1),
    ("i64", "load8_u", 1),
    ("i64", "load16_s", 2),
    ("i64", "load16_u", 2),
    ("i64", "load32_s", 4),
    ("i64", "load32_u", 4),
    ("f32", "load", 4),
    ("f64", "load", 8),
];
const STORES: &[(&str, &str, u64)] = &[
    ("i32", "store", 4),
    ("i32", "store8", 1),
    ("i32", "store16", 2),
    ("i64", "store", 8),
    ("i64", "store8", 1),
    ("i64", "store16", 2),
    ("i64", "store32", 4),
    ("f32", "store", 4),
    ("f64", "store", 8),
];
const PAGE: u64 = 65_536;

/// Addresses around every edge of a memory of `bytes`, for an access of `width` at `offset`.
fn addresses(bytes: u64, offset: u64, width: u64) -> Vec<u64> {
    let mut all = vec![
        0,
        1,
        2,
        3,
        2047,
        2048,
        u64::from(u32::MAX),
        u64::from(u32::MAX) - 8,
        1 << 31,
    ];
    for edge in [
        bytes,
        bytes.saturating_sub(2048),
        (1 << 32) - offset,
        1 << 24,
    ] {
        for distance in 0..=2 * width + 2 {
            all.push((edge + width + 1).saturating_sub(distance + offset));
            all.push((edge + width + 1).saturating_sub(distance));
            all.push(edge.saturating_sub(distance + 16));
        }
    }
    all.retain(|address| *address <= u64::from(u32::MAX));
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether WebAssembly allows it.
fn allowed(bytes: u64, address: u64, offset: u64, width: u64) -> bool {
    address + offset + width <= bytes
}

fn each(
    memory: &str,
    fields: &str,
    bytes: u64,
    prepare: &str,
    access: impl Fn(&str, &str, u64, &str) -> String,
    list: &[(&str, &str, u64)],
) {
    for &(ty, name, width) in list {
        for offset in [
            0,
            1,
            2,
            3,
            4,
            2040,
            2043,
            2044,
            2045,
            2047,
            2048,
            4096,
            65_528,
            65_532,
            65_536,
            131_064,
            0xff_ffff,
            0x100_0000,
            0xffff_fff8,
            0xffff_ffff,
        ] {
            let tried = addresses(bytes, offset, width);
            let (within, beyond): (Vec<u64>, Vec<u64>) = tried
                .into_iter()
                .partition(|address| allowed(bytes, *address, offset, width));
            let of = |operand: &str| {
                let access = access(ty, name, offset, operand);
                module(&format!(
                    r#"(module {memory} {fields}
                    (func (export "nmp_alloc") (param i32) (result i32) {prepare} (i32.const 0))
                    (func (export "nmp_run") (param $p i32) (param $n i32) (result i64) (local $at i32) (local $v i64)
                      (local.set $at (i32.load (i32.const 0)))
                      (local.set $v (i64.const 0x8182838485868788))
                      {access}))"#
                ))
            };
            let input = |address: u64| (address as u32).to_le_bytes().to_vec();
            let dynamic = of("(local.get $at)");
            let inputs: Vec<Vec<u8>> = within.iter().map(|address| input(*address)).collect();
            let (seen, _) = compare(&dynamic, &inputs);
            assert!(seen.iter().all(|one| one.end == End::Returned));
            let elf = translate(&dynamic).expect("a module of the profile");
            let mut machine = Machine::new(&elf, 1 << 30);
            let mut untouched = machine.memory().to_vec();
            for address in &beyond {
                let input = input(*address);
                untouched[..4].copy_from_slice(&input);
                machine.memory()[..4].copy_from_slice(&input);
                let outcome = machine.invoke(abi::HEADER_RUN, [0, 4]);
                assert_eq!(
                    outcome.end,
                    End::Trap,
                    "{ty}.{name} offset {offset} at {address}"
                );
                assert!(machine.memory() == untouched, "written before the trap");
            }
            // The address is known when translating: each is a module.
            let some = within.iter().step_by(23).chain(beyond.iter().step_by(41));
            for address in some {
                let constant = of(&format!("(i32.const {})", *address as u32 as i32));
                let (seen, _) = compare(&constant, &[input(*address)]);
                let expected = allowed(bytes, *address, offset, width);
                assert_eq!(
                    seen[0].end == End::Returned,
                    expected,
                    "{ty}.{name} offset {offset} at {address}"
                );
            }
        }
    }
}

fn as_i64(ty: &str, value: &str) -> String {
    match ty {
        "i32" => format!("(i64.extend_i32_u {value})"),
        "f32" => format!("(i64.extend_i32_u (i32.reinterpret_f32 {value}))"),
        "f64" => format!("(i64.reinterpret_f64 {value})"),
        _ => value.into(),
    }
}

fn load(ty: &str, name: &str, offset: u64, operand: &str) -> String {
    as_i64(ty, &format!("({ty}.{name} offset={offset} {operand})"))
}

fn store(ty: &str, name: &str, offset: u64, operand: &str) -> String {
    let value = match ty {
        "i32" => "(i32.wrap_i64 (local.get $v))",
        "f32" => "(f32.reinterpret_i32 (i32.wrap_i64 (local.get $v)))",
        "f64" => "(f64.reinterpret_i64 (local.get $v))",
        _ => "(local.get $v)",
    };
    format!("({ty}.{name} offset={offset} {operand} {value}) (i64.const 3)")
}

const ONE: &str = r#"(memory (export "memory") 1)"#;
const DATA: &str =
    r#"(data (i32.const 2040) "abcdefghijklmnop") (data (i32.const 65520) "0123456789ABCDEF")"#;

#[test]
fn loads_at_the_edges() {
    each(ONE, DATA, PAGE, "", load, LOADS);
}

#[test]
fn stores_at_the_edges() {
    each(ONE, DATA, PAGE, "", store, STORES);
}

#[test]
fn memory_that_has_grown() {
    let grow = "(drop (memory.grow (i32.const 1)))";
    // Grows with each input, so that one is tried at a time.
    let list = [LOADS[0], LOADS[5]];
    for &(ty, name, width) in &list {
        for offset in [0, 4, 65_532, 65_536, 131_064] {
            for address in addresses(2 * PAGE, offset, width) {
                let wat = format!(
                    r#"(module (memory (export "memory") 1 2)
                    (func (export "nmp_alloc") (param i32) (result i32) {grow} (i32.const 0))
                    (func (export "nmp_run") (param i32 i32) (result i64) {}))"#,
                    load(ty, name, offset, "(i32.load (i32.const 0))")
                );
                let input = (address as u32).to_le_bytes().to_vec();
                let (seen, _) = compare_wat(&wat, &[input]);
                let expected = if allowed(2 * PAGE, address, offset, width) {
                    End::Returned
                } else {
                    End::Trap
                };
                assert_eq!(
                    seen[0].end, expected,
                    "{ty}.{name} offset {offset} at {address}"
                );
            }
        }
    }
}

#[test]
fn memory_of_no_page() {
    let run = |access: &str| {
        let wat = format!(
            r#"(module (memory (export "memory") 0 1)
            (func (export "nmp_alloc") (param i32) (result i32) (i32.const 0))
            (func (export "nmp_run") (param i32 i32) (result i64) (local $grown i32) {access}))"#
        );
        compare_wat(&wat, &[Vec::new()]).0.remove(0).end
    };
    for address in ["0", "-1", "-2048", "-2049", "2047", "-4"] {
        for offset in [0, 1, 2047, 0xffff_ffffu32] {
            let load = format!("(i64.load8_u offset={offset} (i32.const {address}))");
            assert_eq!(run(&load), End::Trap);
            let load =
                format!("(i64.load offset={offset} (local.tee $grown (i32.const {address})))");
            assert_eq!(run(&load), End::Trap);
        }
    }
    let grown = "(drop (memory.grow (i32.const 1)))";
    assert_eq!(
        run(&format!(
            "{grown} (i64.load offset=65528 (local.get $grown))"
        )),
        End::Returned
    );
    assert_eq!(
        run(&format!(
            "{grown} (i64.load offset=65529 (local.get $grown))"
        )),
        End::Trap
    );
    assert_eq!(
        run(&format!("{grown} (i64.load (i32.const 0))")),
        End::Returned
    );
}

/// What is known of a local's value ends with that value.
#[test]
fn checked_addresses_are_forgotten() {
    let cases = [
        "(drop (i32.load (local.get $a))) (local.set $a (i32.const 65536)) (drop (i32.load (local.get $a)))",
        "(drop (i32.load (local.get $a))) (local.set $a (i32.add (local.get $a) (i32.const 65536))) (drop (i32.load (local.get $a)))",
        "(drop (i32.load (local.get $a))) (drop (i32.load (local.tee $a (i32.const 65533))))",
        "(drop (i32.load (local.get $a))) (drop (i32.load offset=65536 (local.get $a)))",
        "(local.set $a (i32.const 65520)) (drop (i32.load offset=8 (local.get $a))) (drop (i64.load offset=9 (local.get $a)))",
        "(loop $l (drop (i32.load (local.get $a))) (local.set $a (i32.add (local.get $a) (i32.const 4))) (br $l))",
        "(if (local.get $a) (then (drop (i32.load (local.get $a))))) (local.set $a (i32.const 65535)) (drop (i32.load (local.get $a)))",
        "(if (i32.eqz (local.get $a)) (then (local.set $a (i32.const 65535))) (else (drop (i32.load (local.get $a))))) (drop (i32.load (local.get $a)))",
        "(local.set $l (i64.const 8)) (drop (i32.load (i32.wrap_i64 (local.get $l)))) (local.set $l (i64.const 0x1fffffff0)) (drop (i32.load (i32.wrap_i64 (local.get $l))))",
        "(local.set $a (i32.load (local.get $a))) (local.set $a (i32.const -4)) (i32.store (local.get $a) (i32.const 1))",
    ];
    let high = [
        "(i64.shr_u (local.get $l) (i64.const 32))",
        "(i64.rotl (local.get $l) (i64.const 32))",
    ]
    .map(|word| {
        format!(
            "(drop (i32.load (i32.wrap_i64 {word}))) (local.set $l (i64.const 0xfffffff000000000))
            (drop (i32.load (i32.wrap_i64 {word})))"
        )
    });
    for body in cases.into_iter().chain(high.iter().map(String::as_str)) {
        let wat = pure(
            "",
            &format!("(local $a i32) (local $l i64) {body} (i64.const 0)"),
        );
        assert_eq!(compare_wat(&wat, &[vec![]]).0[0].end, End::Trap, "{body}");
    }
}

#[test]
fn growing() {
    let wat = |limits: &str, by: &str| {
        format!(
            r#"(module (memory (export "memory") {limits})
            (func (export "nmp_alloc") (param i32) (result i32) (i32.const 0))
            (func (export "nmp_run") (param i32 i32) (result i64)
              (i64.or (i64.shl (i64.extend_i32_u (memory.grow (i32.const {by}))) (i64.const 32))
                (i64.extend_i32_u (memory.size)))))"#
        )
    };
    for (limits, by, expected) in [
        ("1", "0", 1u64 << 32 | 1),
        ("1", "255", 1 << 32 | 256),
        ("1", "256", 0xffff_ffff << 32 | 1),
        ("1 3", "2", 1 << 32 | 3),
        ("1 3", "3", 0xffff_ffff << 32 | 1),
        ("1", "-1", 0xffff_ffff << 32 | 1),
        ("1", "65536", 0xffff_ffff << 32 | 1),
        ("0 0", "0", 0),
        ("256", "0", 256 << 32 | 256),
    ] {
        let (seen, _) = compare_wat(&wat(limits, by), &[vec![]]);
        assert_eq!(seen[0].value, expected, "{limits} by {by}");
    }
}
