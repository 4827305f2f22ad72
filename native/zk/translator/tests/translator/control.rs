//! Blocks, branches, calls and what lies on the stack meanwhile.

use crate::support::machine::End;
use crate::support::oracle::compare_wat;
use crate::support::pure;

fn numbers(values: &[i32]) -> Vec<Vec<u8>> {
    values
        .iter()
        .map(|value| value.to_le_bytes().to_vec())
        .collect()
}

/// Runs `body` with $x as the input's first word; gives the values.
fn run(fields: &str, body: &str, values: &[i32]) -> Vec<u64> {
    let wat = pure(fields, &format!("(local $x i32) (local $y i32) (local $z i64) (local.set $x (i32.load (local.get $p))) {body}"));
    let (seen, _) = compare_wat(&wat, &numbers(values));
    assert!(seen.iter().all(|one| one.end == End::Returned), "{body}");
    seen.iter().map(|one| one.value).collect()
}

fn trap(fields: &str, body: &str) -> End {
    compare_wat(&pure(fields, body), &[vec![]]).0[0].end
}

#[test]
fn branch_tables() {
    let body = "(i64.extend_i32_u (block $d (result i32) (block $c (block $b (block $a
        (br_table $a $b $c $a (local.get $x))) (br $d (i32.const 10))) (br $d (i32.const 20))) (i32.const 30)))";
    assert_eq!(
        run("", body, &[0, 1, 2, 3, 4, -1]),
        [10, 20, 30, 10, 10, 10]
    );
    // With values, to targets of one word and of more.
    let one =
        "(i64.extend_i32_u (block $a (result i32) (i32.add (i32.const 1) (block $b (result i32)
        (br_table $a $b (i32.const 7) (local.get $x))))))";
    assert_eq!(run("", one, &[0, 1, 2]), [7, 8, 8]);
    let pair = "(block $a (result i64) (i64.add (i64.const 1) (block $b (result i64)
        (br_table $b $a $b (i64.const 0x100000007) (local.get $x)))))";
    assert_eq!(
        run("", pair, &[0, 1, 2]),
        [0x1_0000_0008, 0x1_0000_0007, 0x1_0000_0008]
    );
    let many = "(block $a (result i64 i64) (block $b (result i64 i64) (i64.const 5) (i64.const 6)
        (br_table $a $b $a (local.get $x))) (i64.const 10) (i64.add)) (i64.sub)";
    assert_eq!(
        run("", many, &[0, 1, 2]),
        [u64::MAX, 5u64.wrapping_sub(16), u64::MAX]
    );
    let only = "(block $a (br_table $a (local.get $x)) (unreachable)) (i64.const 4)";
    assert_eq!(run("", only, &[0, 9]), [4, 4]);
}

#[test]
fn blocks_with_parameters_and_results() {
    let block = "(i64.const 3) (i64.const 4) (block (param i64 i64) (result i64) (i64.sub))";
    assert_eq!(run("", block, &[0]), [u64::MAX]);
    let both = "(i32.const 1) (local.get $x) (if (param i32) (result i32 i32) (local.get $x)
        (then (i32.const 5)) (else (i32.const 6))) (i32.add) (i32.add) (i64.extend_i32_u)";
    assert_eq!(run("", both, &[0, 1]), [7, 7]);
    let fall = "(i32.const 9) (if (param i32) (result i32) (local.get $x) (then (i32.const 1) (i32.add))) (i64.extend_i32_u)";
    assert_eq!(run("", fall, &[0, 1]), [9, 10]);
    let looping = "(i64.const 1) (local.get $x) (loop $l (param i64 i32) (result i64)
        (local.set $y) (i64.const 2) (i64.mul) (local.set $z) (local.get $z)
        (local.get $y) (i32.const 1) (i32.sub) (local.tee $y)
        (local.get $y) (br_if $l) (drop))";
    assert_eq!(run("", looping, &[1, 2, 40]), [2, 4, 1 << 40]);
    let swap = "(i32.const 1) (i32.const 2) (loop $l (param i32 i32) (result i32 i32)
        (local.set $y) (local.set $z (i64.extend_i32_u)) (local.get $y) (i32.wrap_i64 (local.get $z))
        (br_if $l (local.tee $x (i32.sub (local.get $x) (i32.const 1)))))
        (i32.const 10) (i32.mul) (i32.add) (i64.extend_i32_u)";
    let swap = swap.replace(
        "(local.set $z (i64.extend_i32_u))",
        "(i64.extend_i32_u) (local.set $z)",
    );
    assert_eq!(run("", &swap, &[1, 2, 3]), [12, 21, 12]);
}

#[test]
fn values_below_blocks() {
    let body = "(local.get $x) (i32.load (local.get $p)) (i32.const 100)
        (if (result i32) (local.get $x) (then (local.set $x (i32.const 50)) (i32.const 1)) (else (i32.const 2)))
        (i32.add) (i32.add) (i32.add) (i64.extend_i32_u)";
    assert_eq!(run("", body, &[0, 7]), [102, 115]);
    let br = "(local.get $x) (block $b (result i32) (i32.const 5) (local.get $x)
        (br_if $b (i32.const 77) (local.get $x)) (drop) (drop) (drop) (i32.const 8)) (i32.add) (i64.extend_i32_u)";
    assert_eq!(run("", br, &[0, 3]), [8, 80]);
    let deep = "(block $a (result i64) (i64.const 1) (block $b (result i64) (i64.const 2)
        (br_if $a (i64.const 9) (local.get $x)) (br_if $b (i64.const 4) (i32.eqz (local.get $x))) (i64.add) (i64.add)) (i64.add))";
    assert_eq!(run("", deep, &[0, 1]), [5, 9]);
    let dead = "(block $a (result i64) (br $a (i64.const 3)) (if (i32.const 1) (then (unreachable))) (loop (br 0)) (i64.const 4))";
    assert_eq!(run("", dead, &[0]), [3]);
}

#[test]
fn selects() {
    let one = "(i64.extend_i32_u (select (i32.const 1) (i32.const 2) (local.get $x)))";
    assert_eq!(run("", one, &[0, 5]), [2, 1]);
    let pair = "(select (i64.const 0x100000002) (i64.const 0x300000004) (i32.lt_s (local.get $x) (i32.const 2)))";
    assert_eq!(run("", pair, &[0, 5]), [0x1_0000_0002, 0x3_0000_0004]);
    let own = "(local.set $x (select (local.get $y) (local.get $x) (local.get $x))) (i64.extend_i32_u (local.get $x))";
    assert_eq!(run("", own, &[0, 5]), [0, 0]);
    let typed = "(select (result i64) (i64.const 6) (i64.const 7) (local.get $x))";
    assert_eq!(run("", typed, &[0, 5]), [7, 6]);
}

/// More operands than there are registers.
#[test]
fn deep_stacks() {
    for calls in ["", "(drop (call $f (i32.const 1)))"] {
        let mut body = String::from(calls);
        for index in 0..40 {
            body += &format!("(i32.add (local.get $x) (i32.const {index}))");
        }
        body += &"(i32.mul (i32.const 3)) (i32.xor)"
            .repeat(39)
            .replace("(i32.mul (i32.const 3))", "(i32.const 3) (i32.mul)");
        body += "(i64.extend_i32_u)";
        run(
            "(func $f (param i32) (result i32) (local.get 0))",
            &body,
            &[0, 1, 77],
        );
        let mut wide = String::from(calls);
        for index in 0..40 {
            wide += &format!(
                "(i64.mul (i64.extend_i32_u (local.get $x)) (i64.const {}))",
                index * 0x0123_4567_89ab_i64
            );
        }
        wide += &"(i64.const 3) (i64.mul) (i64.xor)".repeat(39);
        run(
            "(func $f (param i32) (result i32) (local.get 0))",
            &wide,
            &[0, 1, 77],
        );
    }
}

#[test]
fn calls_with_many_words() {
    let params: String = (0..13)
        .map(|index| {
            if index % 3 == 0 {
                "(param i64)"
            } else {
                "(param i32)"
            }
        })
        .collect();
    let sum: String = (1..13)
        .map(|index| if index % 3 == 0 { format!("(local.get {index}) (i64.const 3) (i64.mul) (i64.add)") } else { format!("(local.get {index}) (i64.extend_i32_s) (i64.const {index}) (i64.mul) (i64.add)") })
        .collect();
    let arguments: String = (0..13)
        .map(|index| {
            if index % 3 == 0 {
                format!("(i64.extend_i32_s (i32.sub (local.get $x) (i32.const {index})))")
            } else {
                format!("(i32.mul (local.get $x) (i32.const {index}))")
            }
        })
        .collect();
    for extra in ["", "(drop (call $g (i32.const 3)))"] {
        let fields = format!(
            "(func $g (param i32) (result i32) (local.get 0))
            (func $f {params} (result i64) {extra} (local.get 0) {sum})"
        );
        run(
            &fields,
            &format!("(call $f {arguments})"),
            &[0, 1, -5, 1000],
        );
        run(
            &fields,
            &format!("(i64.add (i64.const 7) (call $f {arguments}))"),
            &[0, 1, -5, 1000],
        );
    }
}

#[test]
fn many_results() {
    let types = "i32 i64 i32 i64 f64 i32 i64";
    let fields = format!(
        "(func $f (param i32) (result {types})
          (if (i32.eqz (local.get 0)) (then (return (i32.const 1) (i64.const 2) (i32.const 3) (i64.const 4) (f64.const 5) (i32.const 6) (i64.const 7))))
          (i32.add (local.get 0) (i32.const 10)) (i64.const -2) (local.get 0) (i64.const 4000000000000) (f64.const 5.5) (i32.const 6) (i64.extend_i32_s (local.get 0)))
        (func $g (param i32) (result i64) (call $f (local.get 0)) (local.set 0 (i32.wrap_i64)) (local.get 0)
          (i32.add) (i64.extend_i32_s) (i64.trunc_f64_s) (i64.add))"
    );
    let fields = fields.split("(func $g").next().unwrap_or("").to_string();
    let body = "(local $a i64) (local $b i32) (call $f (local.get $x))
        (local.set $z) (local.set $y) (i64.trunc_f64_s) (i64.add) (local.get $z) (i64.mul) (local.set $a)
        (i64.extend_i32_s) (local.get $a) (i64.xor) (i64.add) (local.set $a) (i64.extend_i32_s) (local.get $a) (i64.add)
        (i64.add (i64.extend_i32_s (local.get $y)))";
    let body = body.replace(
        "(i64.add (i64.extend_i32_s (local.get $y)))",
        "(local.get $y) (i64.extend_i32_s) (i64.add)",
    );
    let wat = pure(&fields, &body.replace("(local $a i64) (local $b i32)", "(local $x i32) (local $y i32) (local $z i64) (local $a i64) (local $b i32) (local.set $x (i32.load (local.get $p)))"));
    let (seen, _) = compare_wat(&wat, &numbers(&[0, 1, -9]));
    assert_eq!(seen.len(), 3);
    let two = "(func $f (param i32 i32) (result i32 i32) (local.get 1) (local.get 0))";
    assert_eq!(
        run(
            two,
            "(call $f (local.get $x) (i32.const 100)) (i32.sub) (i64.extend_i32_s)",
            &[1, 2]
        ),
        [99, 98]
    );
}

#[test]
fn indirect_calls() {
    let fields = "(type $t (func (param i32) (result i32))) (type $same (func (param i32) (result i32)))
        (type $other (func (param i32) (result i64)))
        (table $a 2 2 funcref) (table $b 6 funcref) (elem (table $b) (i32.const 1) func $one $two $wide)
        (func $one (type $t) (i32.add (local.get 0) (i32.const 1)))
        (func $two (type $same) (i32.mul (local.get 0) (i32.const 2)))
        (func $wide (type $other) (i64.const 5))";
    let call = |ty: &str, table: &str| {
        format!(
            "(i64.extend_i32_u (call_indirect {table} (type {ty}) (i32.const 20) (local.get $x)))"
        )
    };
    assert_eq!(run(fields, &call("$t", "$b"), &[1, 2]), [21, 40]);
    assert_eq!(run(fields, &call("$same", "$b"), &[1, 2]), [21, 40]);
    let traps = [
        ("$t", "$b", 0),
        ("$t", "$b", 3),
        ("$t", "$b", 5),
        ("$t", "$b", 6),
        ("$t", "$b", -1),
        ("$t", "$a", 1),
        ("$t", "$a", 2),
    ];
    for (ty, table, index) in traps {
        let body = format!(
            "(local $x i32) (local.set $x (i32.const {index})) {}",
            call(ty, table)
        );
        assert_eq!(trap(fields, &body), End::Trap, "{table} {index}");
    }
    assert_eq!(
        run(
            fields,
            "(call_indirect $b (type $other) (i32.const 1) (local.get $x))",
            &[3]
        ),
        [5]
    );
}

#[test]
fn recursion() {
    let fib = "(func $f (param i32) (result i32) (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
        (else (i32.add (call $f (i32.sub (local.get 0) (i32.const 1))) (call $f (i32.sub (local.get 0) (i32.const 2)))))))";
    assert_eq!(
        run(
            fib,
            "(i64.extend_i32_u (call $f (local.get $x)))",
            &[0, 1, 15]
        ),
        [0, 1, 610]
    );
    for frame in [
        "",
        "(local i64 i64 i64 i64) (local.set 1 (i64.const 5)) (local.set 2 (i64.const 5))",
    ] {
        let endless = format!("(func $f (param i32) (result i32) {frame} (i32.add (i32.const 1) (call $f (local.get 0))))");
        assert_eq!(
            trap(&endless, "(i64.extend_i32_u (call $f (i32.const 0)))"),
            End::Trap
        );
    }
    let mutual = "(func $f (param i32) (call $g (local.get 0))) (func $g (param i32) (call $f (local.get 0)))";
    assert_eq!(
        trap(mutual, "(call $f (i32.const 0)) (i64.const 0)"),
        End::Trap
    );
}

/// A body that is longer than a branch reaches, before and behind.
#[test]
fn long_branches() {
    let filler =
        "(local.set $y (i32.add (i32.mul (local.get $y) (i32.const 77777777)) (local.get $x)))"
            .repeat(2000);
    let body = format!(
        "(loop $l (if (i32.and (local.get $x) (i32.const 1)) (then {filler}) (else {filler} {filler}))
        (br_if $l (i32.gt_s (local.tee $x (i32.sub (local.get $x) (i32.const 1))) (i32.const 0)))) (i64.extend_i32_u (local.get $y))"
    );
    run("", &body, &[0, 1, 5]);
}

/// More locals than registers, and frames beyond what one instruction can address.
#[test]
fn many_locals() {
    for count in [5, 12, 40, 700] {
        for call in ["", "(call $f)"] {
            let declared = format!("(local $first i64){}", "(local i64)".repeat(count));
            let first = 5;
            let mut body = String::new();
            for index in 0..count {
                body += &format!(
                    "(local.set {} (i64.add (i64.extend_i32_u (local.get $x)) (i64.const {})))",
                    first + 1 + index,
                    index * 3
                );
            }
            body += call;
            body += "(i64.const 0)";
            for index in 0..count {
                body += &format!(
                    "(i64.const 31) (i64.mul) (local.get {}) (i64.add)",
                    first + 1 + index
                );
            }
            let wat = pure("(func $f)", &format!("(local $x i32) (local $y i32) (local $z i64) {declared} (local.set $x (i32.load (local.get $p))) {body}")
                .replace("(local $y i32) (local $z i64)", "(local $y i32) (local $z i64)"));
            let (seen, _) = compare_wat(&wat, &numbers(&[0, 9]));
            assert_eq!(seen.len(), 2);
        }
    }
}

#[test]
fn globals_and_start() {
    let fields = r#"(global $a (mut i32) (i32.const 7)) (global $b (mut i64) (i64.const -2)) (global $c f64 (f64.const 1.5))
        (global $d (mut f32) (f32.const 2)) (global $e (mut funcref) (ref.func $start)) (global $n (mut externref) (ref.null extern))
        (func $start (global.set $a (i32.add (global.get $a) (i32.const 1)))) (start $start)"#;
    let body = "(global.set $b (i64.add (global.get $b) (i64.extend_i32_s (global.get $a))))
        (global.set $a (local.get $x)) (i64.add (global.get $b) (i64.trunc_f64_s (global.get $c)))
        (i64.add (i64.extend_i32_u (ref.is_null (global.get $e)))) (i64.add (i64.extend_i32_u (ref.is_null (global.get $n))))";
    let body = body.replace(
        "(i64.add (i64.extend_i32_u (ref.is_null (global.get $e)))) (i64.add (i64.extend_i32_u (ref.is_null (global.get $n))))",
        "(ref.is_null (global.get $e)) (i64.extend_i32_u) (i64.add) (ref.is_null (global.get $n)) (i64.extend_i32_u) (i64.add)",
    );
    assert_eq!(run(fields, &body, &[100, 5]), [8, 108]);
    let many: String = (0..300)
        .map(|index| format!("(global $g{index} (mut i64) (i64.const {index}))"))
        .collect();
    let sum: String = (0..300).map(|index| format!("(global.set $g{index} (i64.mul (global.get $g{index}) (i64.const 5))) (global.get $g{index}) (i64.add)")).collect();
    run(&many, &format!("(i64.const 0) {sum}"), &[0, 0]);
}

#[test]
fn a_start_that_traps() {
    let wat = pure("(func $s (unreachable)) (start $s)", "(i64.const 0)");
    assert_eq!(compare_wat(&wat, &[vec![]]).0[0].end, End::Trap);
    let outside = pure(r#"(data (i32.const 65535) "ab")"#, "(i64.const 0)");
    assert_eq!(compare_wat(&outside, &[vec![]]).0[0].end, End::Trap);
    let table = pure(
        "(table 1 funcref) (func $f) (elem (i32.const 1) $f)",
        "(i64.const 0)",
    );
    assert_eq!(compare_wat(&table, &[vec![]]).0[0].end, End::Trap);
    assert_eq!(trap("", "(unreachable)"), End::Trap);
}

/// More code than a jump reaches: calls, traps and fuel go the long way.
#[test]
fn code_beyond_one_jump() {
    let filler = "(local.set 1 (i64.mul (local.get 1) (i64.const 0x123456789abcdef)))".repeat(2500);
    let functions: String = (0..12)
        .map(|index| {
            let then = if index == 0 {
                "(if (i32.eqz (local.get 0)) (then (unreachable))) (i64.load (i32.sub (local.get 0) (i32.const 4)))".into()
            } else {
                format!("(i64.add (local.get 1) (call $f{} (local.get 0)))", index - 1)
            };
            format!("(func $f{index} (param i32) (result i64) (local i64) (local.set 1 (i64.const {index})) {filler} {then})")
        })
        .collect();
    let body = "(call $f11 (local.get $x))";
    let elf = crate::support::translate(&crate::support::module(&pure(
        &functions,
        &format!("(local $x i32) {body}"),
    )));
    assert!(elf.expect("a module").len() > 1 << 20);
    run(&functions, body, &[5, 77]);
    assert_eq!(
        trap(&functions, &format!("(local $x i32) {body}")),
        End::Trap
    );
}
