//! Bulk memory and tables.

use crate::support::machine::End;
use crate::support::oracle::compare_wat;
use crate::support::pure;

const FIELDS: &str = r#"(type $t (func (result i32)))
    (table $a 10 20 funcref) (table $b 8 funcref) (table $x 3 externref)
    (data $active (i32.const 0) "active") (data $passive "0123456789")
    (elem $e func $one $two $three) (elem (table $a) (i32.const 2) func $one $two)
    (elem $n funcref (ref.func $three) (ref.null func))
    (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2)) (func $three (result i32) (i32.const 3))
    (func $is (param i32) (result i64) (if (result i64) (ref.is_null (table.get $a (local.get 0))) (then (i64.const 9))
        (else (i64.extend_i32_u (call_indirect $a (type $t) (local.get 0))))))
    (func $all (result i64) (local $i i32) (local $sum i64)
      (loop $l (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 10)) (call $is (local.get $i))))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (table.size $a)))) (local.get $sum))"#;

fn run(body: &str) -> (End, u64) {
    let (seen, _) = compare_wat(&pure(FIELDS, body), &[vec![], vec![]]);
    (seen[0].end, seen[0].value)
}

#[test]
fn memory_operations() {
    for (op, fits) in [
        (
            "(memory.fill (i32.const 65530) (i32.const 0x1ff) (i32.const 6))",
            true,
        ),
        (
            "(memory.fill (i32.const 65530) (i32.const 1) (i32.const 7))",
            false,
        ),
        (
            "(memory.fill (i32.const 65536) (i32.const 1) (i32.const 0))",
            true,
        ),
        (
            "(memory.fill (i32.const 65537) (i32.const 1) (i32.const 0))",
            false,
        ),
        (
            "(memory.fill (i32.const 0) (i32.const 1) (i32.const -1))",
            false,
        ),
        (
            "(memory.copy (i32.const 2) (i32.const 0) (i32.const 100))",
            true,
        ),
        (
            "(memory.copy (i32.const 0) (i32.const 2) (i32.const 65534))",
            true,
        ),
        (
            "(memory.copy (i32.const 0) (i32.const 2) (i32.const 65535))",
            false,
        ),
        (
            "(memory.copy (i32.const -1) (i32.const 0) (i32.const 2))",
            false,
        ),
        (
            "(memory.init $passive (i32.const 100) (i32.const 3) (i32.const 7))",
            true,
        ),
        (
            "(memory.init $passive (i32.const 100) (i32.const 3) (i32.const 8))",
            false,
        ),
        (
            "(memory.init $active (i32.const 100) (i32.const 0) (i32.const 0))",
            true,
        ),
        (
            "(memory.init $active (i32.const 100) (i32.const 0) (i32.const 1))",
            false,
        ),
        (
            "(data.drop $passive) (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 0))",
            true,
        ),
        (
            "(data.drop $passive) (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 1))",
            false,
        ),
    ] {
        let expected = if fits { End::Returned } else { End::Trap };
        assert_eq!(run(&format!("{op} (i64.const 0)")).0, expected, "{op}");
    }
}

#[test]
fn table_operations() {
    assert_eq!(run("(call $all)"), (End::Returned, 9_912_999_999));
    for (op, value) in [
        ("(table.set $a (i32.const 0) (ref.func $three))", Some(3_912_999_999)),
        ("(table.set $a (i32.const 10) (ref.func $three))", None),
        ("(drop (table.get $a (i32.const 10)))", None),
        ("(drop (table.get $a (i32.const -1)))", None),
        ("(table.fill $a (i32.const 8) (ref.func $two) (i32.const 2))", Some(9_912_999_922)),
        ("(table.fill $a (i32.const 8) (ref.func $two) (i32.const 3))", None),
        ("(table.copy $a $a (i32.const 3) (i32.const 2) (i32.const 4))", Some(9_911_299_999)),
        ("(table.copy $a $a (i32.const 1) (i32.const 2) (i32.const 4))", Some(9_129_999_999)),
        ("(table.copy $a $b (i32.const 2) (i32.const 7) (i32.const 2))", None),
        ("(table.copy $a $b (i32.const 2) (i32.const 6) (i32.const 2))", Some(9_999_999_999)),
        ("(table.init $a $e (i32.const 4) (i32.const 1) (i32.const 2))", Some(9_912_239_999)),
        ("(table.init $a $e (i32.const 4) (i32.const 1) (i32.const 3))", None),
        ("(table.init $a $n (i32.const 2) (i32.const 0) (i32.const 2))", Some(9_939_999_999)),
        ("(elem.drop $e) (table.init $a $e (i32.const 4) (i32.const 0) (i32.const 1))", None),
        ("(drop (table.grow $a (ref.func $one) (i32.const 2)))", Some(991_299_999_911)),
        ("(drop (table.grow $a (ref.func $one) (i32.const 11)))", Some(9_912_999_999)),
        ("(drop (table.grow $x (ref.null extern) (i32.const 4))) (drop (table.get $x (i32.const 6)))", Some(9_912_999_999)),
        ("(drop (table.get $x (i32.const 6)))", None),
    ] {
        let seen = run(&format!("{op} (call $all)"));
        match value {
            Some(value) => assert_eq!(seen, (End::Returned, value), "{op}"),
            None => assert_eq!(seen.0, End::Trap, "{op}"),
        }
    }
    assert_eq!(
        run("(i64.extend_i32_s (table.grow $b (ref.null func) (i32.const -1)))").1,
        u64::MAX
    );
    assert_eq!(
        run("(i64.extend_i32_s (table.grow $b (ref.null func) (i32.const 5)))").1,
        8
    );
}
