//! Cycles of the machine for each instruction of WebAssembly, of loops as logic has them. A bound
//! that is exact: cycles are no time.

use crate::support::oracle::{compare, execute};
use crate::support::{module, pure, translate};

/// Cycles of code and units of fuel of one run.
fn measure(name: &str, body: &str, input: &[u8]) -> f64 {
    let wasm = module(&pure("", body));
    compare(&wasm, &[input.to_vec()]);
    let elf = translate(&wasm).expect("a module");
    let (_, mut machine) = execute(&elf, &[input.to_vec()], 1 << 40);
    let fuel = (1u64 << 40) - machine.fuel();
    let each = machine.cycles as f64 / fuel as f64;
    eprintln!(
        "{name}: {} cycles, {fuel} instructions, {each:.2} each",
        machine.cycles
    );
    each
}

fn words(count: u32) -> Vec<u8> {
    let mut state = 12_345u32;
    (0..count)
        .flat_map(|_| {
            state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            (state >> 8 & 0xffff).to_le_bytes()
        })
        .collect()
}

#[test]
fn integer_loops_take_two_cycles_an_instruction_at_most() {
    let xorshift = "(local $x i32) (local $i i32) (local.set $x (i32.const 1))
        (loop $l
          (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 13))))
          (local.set $x (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 17))))
          (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 5))))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
        (i64.extend_i32_u (local.get $x))";
    let xorshift64 = "(local $x i64) (local $i i32) (local.set $x (i64.const 88172645463325252))
        (loop $l
          (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 13))))
          (local.set $x (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 7))))
          (local.set $x (i64.xor (local.get $x) (i64.shl (local.get $x) (i64.const 17))))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
        (local.get $x)";
    let sort = "(local $i i32) (local $j i32) (local $v i32) (local $end i32)
        (local.set $end (i32.add (local.get $p) (local.get $n)))
        (local.set $i (i32.add (local.get $p) (i32.const 4)))
        (block $done (loop $outer
          (br_if $done (i32.ge_u (local.get $i) (local.get $end)))
          (local.set $v (i32.load (local.get $i)))
          (local.set $j (local.get $i))
          (block $placed (loop $inner
            (br_if $placed (i32.le_u (local.get $j) (local.get $p)))
            (br_if $placed (i32.le_u (i32.load (i32.sub (local.get $j) (i32.const 4))) (local.get $v)))
            (i32.store (local.get $j) (i32.load (i32.sub (local.get $j) (i32.const 4))))
            (local.set $j (i32.sub (local.get $j) (i32.const 4)))
            (br $inner)))
          (i32.store (local.get $j) (local.get $v))
          (local.set $i (i32.add (local.get $i) (i32.const 4)))
          (br $outer)))
        (i64.extend_i32_u (i32.load (local.get $p)))";
    let sieve = "(local $i i32) (local $j i32) (local $count i32) (local.set $i (i32.const 2))
        (loop $next
          (if (i32.eqz (i32.load8_u offset=4096 (local.get $i))) (then
            (local.set $count (i32.add (local.get $count) (i32.const 1)))
            (local.set $j (i32.add (local.get $i) (local.get $i)))
            (block $out (loop $mark
              (br_if $out (i32.ge_u (local.get $j) (i32.const 10000)))
              (i32.store8 offset=4096 (local.get $j) (i32.const 1))
              (local.set $j (i32.add (local.get $j) (local.get $i)))
              (br $mark)))))
          (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10000))))
        (i64.extend_i32_u (local.get $count))";
    let group = "(local $at i32) (local $end i32) (local $g i32)
        (local.set $at (local.get $p)) (local.set $end (i32.add (local.get $p) (local.get $n)))
        (loop $l
          (local.set $g (i32.shl (i32.and (i32.load (local.get $at)) (i32.const 3)) (i32.const 2)))
          (i32.store (local.get $g) (i32.add (i32.load (local.get $g)) (i32.load (local.get $at))))
          (br_if $l (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (local.get $end))))
        (i64.extend_i32_u (i32.load (i32.const 4)))";
    let sum = "(local $at i32) (local $end i32) (local $sum i32)
        (local.set $at (local.get $p)) (local.set $end (i32.add (local.get $p) (local.get $n)))
        (block $done (loop $l
          (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
          (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (br $l)))
        (i64.extend_i32_u (local.get $sum))";
    for (name, body, input) in [
        ("xorshift", xorshift, vec![]),
        ("xorshift of 64 bits", xorshift64, vec![]),
        ("insertion sort of 100", sort, words(100)),
        ("sieve to 10,000", sieve, vec![]),
        ("group-by of 1,000", group, words(1000)),
        ("sum of 1,000", sum, words(1000)),
    ] {
        assert!(measure(name, body, &input) <= 2.0, "{name}");
    }
}

/// Every committed logic of the benchmarks is translated; runs of them are the runtime's tests.
#[test]
fn nothing_is_left_out_of_the_image() {
    let elf = translate(&module(&pure(
        r#"(data (i32.const 5000) "abc") (data (i32.const 60000) "z")"#,
        "(i64.const 0)",
    )))
    .expect("a module");
    let (seen, _) = execute(&elf, &[vec![]], 100);
    assert_eq!(&seen[0].memory[5000..5003], b"abc");
    assert_eq!(seen[0].memory[60_000], b'z');
    assert_eq!(seen[0].memory.iter().filter(|byte| **byte != 0).count(), 4);
}
