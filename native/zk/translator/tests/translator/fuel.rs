//! Fuel: by the instructions, exact at its end, the same each time.

use crate::support::oracle::execute;
use crate::support::{machine::End, module, pure, translate};

/// Fuel that start, one allocation and one run take, and how the run ends.
fn spent(elf: &[u8], fuel: u64) -> (End, u64) {
    let (seen, mut machine) = execute(elf, &[vec![7, 0, 0, 0]], fuel);
    let rest = machine.fuel();
    let end = seen[0].end;
    (
        end,
        if end == End::OutOfFuel {
            fuel
        } else {
            fuel - rest
        },
    )
}

fn of(fields: &str, body: &str) -> (Vec<u8>, u64) {
    let elf = translate(&module(&pure(fields, body))).expect("a module");
    let (_, used) = spent(&elf, 1 << 40);
    (elf, used)
}

/// `nmp_alloc` of these modules is one constant.
const ALLOC: u64 = 1;

#[test]
fn one_unit_for_each_instruction_that_does_something() {
    for (fields, body, expected) in [
        ("", "(i64.const 1)", 1),
        ("", "(nop) (block (nop)) (loop) (i64.const 1)", 1),
        ("", "(drop (i32.add (local.get $p) (local.get $n))) (i64.const 1)", 5),
        ("", "(if (i32.const 1) (then (drop (i32.const 2))) (else (drop (i32.const 3)) (nop) (drop (i32.const 4)))) (i64.const 1)", 5),
        ("", "(if (i32.const 0) (then (drop (i32.const 2))) (else (drop (i32.const 3)) (nop) (drop (i32.const 4)))) (i64.const 1)", 7),
        ("", "(block (br 0) (drop (i32.const 3))) (i64.const 1)", 2),
        // A fused comparison and a result that goes to its local at once count as what they are.
        ("", "(local $i i32) (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10)))) (i64.const 1)", 71),
        ("(func $f (param i32) (result i32) (i32.mul (local.get 0) (local.get 0)))", "(i64.extend_i32_u (call $f (i32.const 3)))", 6),
        ("(global $g (mut i32) (i32.const 0)) (func $s (global.set $g (i32.const 1))) (start $s)", "(i64.const 1)", 3),
        ("", "(memory.fill (i32.const 0) (i32.const 0) (i32.const 0)) (i64.const 1)", 5),
        ("", "(memory.fill (i32.const 0) (i32.const 0) (i32.const 1)) (i64.const 1)", 6),
        ("", "(memory.fill (i32.const 0) (i32.const 0) (i32.const 64)) (i64.const 1)", 6),
        ("", "(memory.copy (i32.const 0) (i32.const 0) (i32.const 65)) (i64.const 1)", 7),
        ("(table 200 funcref)", "(table.fill 0 (i32.const 0) (ref.null func) (i32.const 129)) (i64.const 1)", 8),
        ("", "(select (i64.const 1) (i64.const 2) (i32.eqz (i32.eqz (local.get $p))))", 6),
    ] {
        assert_eq!(of(fields, body).1, expected + ALLOC, "{body}");
    }
    // Longer than what is charged at once.
    let long = "(drop (i32.const 1))".repeat(3000);
    assert_eq!(of("", &format!("{long} (i64.const 1)")).1, 6001 + ALLOC);
}

#[test]
fn ends_exactly_at_the_limit() {
    let looping = "(local $i i32) (loop $l (drop (call $f (local.get $i)))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100)))) (i64.const 1)";
    let fields = "(func $f (param i32) (result i32) (i32.popcnt (local.get 0)))";
    for (fields, body) in [
        ("", "(i64.const 1)"),
        (fields, looping),
        (
            "",
            "(memory.fill (i32.const 0) (i32.const 1) (i32.const 1000)) (i64.const 1)",
        ),
    ] {
        let (elf, used) = of(fields, body);
        assert_eq!(spent(&elf, used), (End::Returned, used));
        assert_eq!(spent(&elf, used - 1).0, End::OutOfFuel);
        assert_eq!(spent(&elf, 0).0, End::OutOfFuel);
        // Whatever the limit, the same is used.
        for limit in [
            used + 1,
            1 << 30,
            (1 << 30) + 1,
            1 << 31,
            1 << 32,
            u64::MAX >> 1,
        ] {
            assert_eq!(spent(&elf, limit), (End::Returned, used));
        }
    }
}

#[test]
fn endless_loops_end() {
    for body in [
        "(loop $l (br $l)) (i64.const 1)",
        "(loop $l (drop (i32.const 1)) (br $l)) (i64.const 1)",
        "(loop $l (br_if $l (i32.const 1))) (i64.const 1)",
    ] {
        let elf = translate(&module(&pure("", body))).expect("a module");
        assert_eq!(spent(&elf, 10_000).0, End::OutOfFuel, "{body}");
    }
    // More at once than there can be in the register.
    let elf = translate(&module(&pure(
        "",
        "(memory.fill (i32.const 0) (i32.const 0) (i32.const -1)) (i64.const 1)",
    )))
    .expect("a module");
    assert_eq!(spent(&elf, 1 << 26).0, End::OutOfFuel);
    assert_eq!(spent(&elf, (1 << 26) + 100).0, End::Trap);
}
