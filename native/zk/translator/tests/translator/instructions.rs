//! Every numeric instruction at the edges of its operands: both in locals, one or both constant,
//! the result in a local, in memory, in a condition; in a leaf and in a function that calls.

use crate::support::oracle::{compare, Seen};
use crate::support::{machine::End, module, pure, values};

const BINARY: &[&str] = &[
    "add", "sub", "mul", "div_s", "div_u", "rem_s", "rem_u", "and", "or", "xor", "shl", "shr_s",
    "shr_u", "rotl", "rotr", "eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s",
    "ge_u",
];
const BINARY_OF_FLOATS: &[&str] = &[
    "add", "sub", "mul", "div", "min", "max", "copysign", "eq", "ne", "lt", "gt", "le", "ge",
];

fn is_test(name: &str) -> bool {
    matches!(
        name.split('_').next(),
        Some("eq" | "ne" | "lt" | "gt" | "le" | "ge" | "eqz")
    )
}

/// Operands as eight bytes each.
fn input(a: u64, b: u64) -> Vec<u8> {
    [a.to_le_bytes(), b.to_le_bytes()].concat()
}

/// `nmp_run` with the operands in $a and $b, once as a leaf and once in a function that calls one.
fn both(ty: &str, body: &str, inputs: &[Vec<u8>]) -> Vec<Seen> {
    let locals = format!(
        "(local $a {ty}) (local $b {ty}) (local $r {ty}) (local $c i32)
        (local.set $a ({ty}.load (local.get $p))) (local.set $b ({ty}.load offset=8 (local.get $p)))"
    );
    let leaf = pure("", &format!("{locals} {body} (i64.const 1)"));
    let (seen, _) = runs(&module(&leaf), inputs);
    let calling = pure(
        "(func $f (param i32) (result i32) (local.get 0))",
        &format!("{locals} (drop (call $f (i32.const 1))) {body} (i64.const 1)"),
    );
    let (again, _) = runs(&module(&calling), inputs);
    assert_eq!(
        seen.iter().map(|one| one.end).collect::<Vec<_>>(),
        again.iter().map(|one| one.end).collect::<Vec<_>>()
    );
    seen
}

/// Inputs that trap run alone: the others would not be reached.
fn runs(wasm: &[u8], inputs: &[Vec<u8>]) -> (Vec<Seen>, usize) {
    let mut rest = inputs;
    let mut all = Vec::new();
    let mut traps = 0;
    while !rest.is_empty() {
        let (seen, _) = compare(wasm, rest);
        traps += seen.iter().filter(|one| one.end == End::Trap).count();
        rest = &rest[seen.len()..];
        all.extend(seen);
    }
    (all, traps)
}

fn store(ty: &str, at: u32, value: &str) -> String {
    format!("({ty}.store offset={at} (local.get $p) {value})")
}

/// The forms of one binary instruction.
fn forms(ty: &str, name: &str) -> Vec<String> {
    let result = if is_test(name) { "i32" } else { ty };
    let call = |a: &str, b: &str| format!("({ty}.{name} {a} {b})");
    let (a, b) = ("(local.get $a)", "(local.get $b)");
    let mut bodies = vec![
        store(result, 16, &call(a, b)),
        // Operands from memory are temporaries.
        store(
            result,
            16,
            &call(
                &format!("({ty}.load (local.get $p))"),
                &format!("({ty}.load offset=8 (local.get $p))"),
            ),
        ),
        store(result, 16, &call(a, a)),
        // More on the stack below.
        format!(
            "(local.get $b) (local.get $a) {} {}",
            store(result, 16, &call(a, b)),
            "(drop) (drop)"
        ),
    ];
    if is_test(name) {
        bodies.push(format!(
            "(if {} (then {}))",
            call(a, b),
            store("i32", 24, "(i32.const 77)")
        ));
        bodies.push(format!(
            "(if (i32.eqz (i32.eqz (i32.eqz {}))) (then {}))",
            call(a, b),
            store("i32", 24, "(i32.const 78)")
        ));
        bodies.push(format!(
            "(local.set $c {}) {}",
            call(a, b),
            store("i32", 20, "(local.get $c)")
        ));
        bodies.push(format!(
            "(block $x (br_if $x {}) {})",
            call(a, b),
            store("i32", 28, "(i32.const 79)")
        ));
        bodies.push(store(ty, 32, &format!("(select {a} {b} {})", call(a, b))));
        bodies.push(format!(
            "(local.set $a (select {b} {a} {})) {}",
            call(a, b),
            store(ty, 40, a)
        ));
        let loaded = |at: u32| format!("({ty}.load offset={at} (local.get $p))");
        let value = format!(
            "(select {} {} {})",
            loaded(0),
            loaded(8),
            call(&loaded(8), &loaded(0))
        );
        bodies.push(store(ty, 48, &value));
    } else {
        bodies.push(format!(
            "(local.set $a {}) {}",
            call(a, b),
            store(ty, 24, a)
        ));
        bodies.push(format!(
            "(local.set $b {}) {}",
            call(a, b),
            store(ty, 24, b)
        ));
        bodies.push(format!(
            "(local.set $a {}) {}",
            call(a, a),
            store(ty, 24, a)
        ));
        bodies.push(format!(
            "(local.set $r {}) {}",
            call(b, a),
            store(ty, 24, "(local.get $r)")
        ));
        bodies.push(store(ty, 24, &format!("(local.tee $b {})", call(b, a))));
        // An earlier value of a local that is then written.
        bodies.push(format!(
            "(local.get $p) (local.get $a) (local.set $a {}) ({ty}.store offset=32) {}",
            call(a, b),
            store(ty, 24, a)
        ));
    }
    bodies
}

/// The forms of it with constants.
fn constant_forms(ty: &str, name: &str, constants: &[String]) -> Vec<String> {
    let result = if is_test(name) { "i32" } else { ty };
    let call = |a: &str, b: &str| format!("({ty}.{name} {a} {b})");
    let (a, b) = ("(local.get $a)", "(local.get $b)");
    let mut bodies = Vec::new();
    for constant in constants {
        bodies.push(store(result, 16, &call(a, constant)));
        bodies.push(store(result, 16, &call(constant, b)));
        bodies.push(store(result, 16, &call(constant, constant)));
        if is_test(name) {
            bodies.push(format!(
                "(if {} (then {}))",
                call(a, constant),
                store("i32", 24, "(i32.const 80)")
            ));
        } else {
            bodies.push(format!(
                "(local.set $a {}) {}",
                call(a, constant),
                store(ty, 24, a)
            ));
        }
    }
    bodies
}

/// All forms of all instructions of two operands, at all pairs of values; those with a constant at
/// all values of the other operand.
fn every_binary(ty: &str, all: &[u64], constants: &[String]) {
    let inputs: Vec<Vec<u8>> = all
        .iter()
        .flat_map(|a| all.iter().map(|b| input(*a, *b)))
        .collect();
    let equal: Vec<Vec<u8>> = all.iter().map(|a| input(*a, *a)).collect();
    for name in BINARY {
        for body in forms(ty, name) {
            both(ty, &body, &inputs);
        }
        for body in constant_forms(ty, name, constants) {
            both(ty, &body, &equal);
        }
    }
}

#[test]
fn binary_of_32_bits() {
    let constants: Vec<String> = values::I32
        .iter()
        .map(|value| format!("(i32.const {})", *value as i32))
        .collect();
    every_binary("i32", &values::I32.map(u64::from), &constants);
}

#[test]
fn binary_of_64_bits() {
    let constants: Vec<String> = values::I64
        .iter()
        .map(|value| format!("(i64.const {})", *value as i64))
        .collect();
    every_binary("i64", &values::I64, &constants);
}

#[test]
fn binary_floats() {
    let inputs: Vec<Vec<u8>> = values::F64
        .iter()
        .flat_map(|a| values::F64.iter().map(|b| input(a.to_bits(), b.to_bits())))
        .collect();
    let singles: Vec<Vec<u8>> = values::F64
        .iter()
        .flat_map(|a| {
            values::F64.iter().map(|b| {
                input(
                    u64::from((*a as f32).to_bits()),
                    u64::from((*b as f32).to_bits()),
                )
            })
        })
        .collect();
    for name in BINARY_OF_FLOATS {
        // What is not a number has bits of its own on each machine.
        let number = |ty: &str, value: String| {
            if is_test(name) {
                value
            } else {
                let nan = format!("({ty}.const 99)");
                format!(
                    "(select (local.tee $r {value}) {nan} ({ty}.eq (local.get $r) (local.get $r)))"
                )
            }
        };
        for (ty, inputs) in [("f64", &inputs), ("f32", &singles)] {
            let result = if is_test(name) { "i32" } else { ty };
            let call = number(ty, format!("({ty}.{name} (local.get $a) (local.get $b))"));
            let loaded = number(
                ty,
                format!(
                    "({ty}.{name} ({ty}.load (local.get $p)) ({ty}.load offset=8 (local.get $p)))"
                ),
            );
            let mut bodies = vec![store(result, 16, &call), store(result, 16, &loaded)];
            if is_test(name) {
                bodies.push(format!(
                    "(if {call} (then {}))",
                    store("i32", 24, "(i32.const 5)")
                ));
                bodies.push(store("i32", 24, &format!("(i32.eqz {call})")));
            } else {
                bodies.push(format!(
                    "(local.set $a {call}) {}",
                    store(ty, 24, "(local.get $a)")
                ));
            }
            for body in bodies {
                both(ty, &body, inputs);
            }
        }
    }
}

#[test]
fn unary() {
    let words: Vec<Vec<u8>> = values::I32
        .iter()
        .chain(&[0x80, 0x8000, 0x1234_5678])
        .map(|a| input(u64::from(*a), 0))
        .collect();
    let pairs: Vec<Vec<u8>> = values::I64.iter().map(|a| input(*a, 0)).collect();
    let doubles: Vec<Vec<u8>> = values::F64
        .iter()
        .chain(&[f64::NAN])
        .map(|a| input(a.to_bits(), 0))
        .collect();
    let singles: Vec<Vec<u8>> = values::F64
        .iter()
        .chain(&[f64::NAN])
        .map(|a| input(u64::from((*a as f32).to_bits()), 0))
        .collect();
    let mut count = 0;
    let mut each = |from: &str, to: &str, names: &[&str], inputs: &[Vec<u8>]| {
        for name in names {
            let float = to.starts_with('f')
                && !name.starts_with("reinterpret")
                && !matches!(*name, "abs" | "neg");
            let op = if is_test(name) { from } else { to };
            let value = |operand: &str| {
                let call = format!("({op}.{name} {operand})");
                if !float {
                    return call;
                }
                format!("(select (local.tee $t {call}) ({to}.const 99) ({to}.eq (local.get $t) (local.get $t)))")
            };
            let loaded = format!("({from}.load (local.get $p))");
            let mut bodies = vec![
                store(to, 16, &value("(local.get $a)")),
                store(to, 16, &value(&loaded)),
                format!(
                    "(local.set $t {}) {}",
                    value(&loaded),
                    store(to, 16, "(local.get $t)")
                ),
            ];
            if from == to {
                bodies.push(format!(
                    "(local.set $a {}) {}",
                    value("(local.get $a)"),
                    store(to, 16, "(local.get $a)")
                ));
            }
            for body in bodies {
                let fields = "(func $f (param i32) (result i32) (local.get 0))";
                for call in ["", "(drop (call $f (i32.const 1)))"] {
                    let run = format!(
                        "(local $a {from}) (local $t {to}) (local.set $a ({from}.load (local.get $p))) {call} {body} (i64.const 1)"
                    );
                    runs(&module(&pure(fields, &run)), inputs);
                    count += 1;
                }
            }
        }
    };
    let float = ["abs", "neg", "sqrt", "ceil", "floor", "trunc", "nearest"];
    each(
        "i32",
        "i32",
        &["clz", "ctz", "popcnt", "eqz", "extend8_s", "extend16_s"],
        &words,
    );
    each(
        "i64",
        "i64",
        &[
            "clz",
            "ctz",
            "popcnt",
            "extend8_s",
            "extend16_s",
            "extend32_s",
        ],
        &pairs,
    );
    each("i64", "i32", &["eqz", "wrap_i64"], &pairs);
    each("i32", "i64", &["extend_i32_s", "extend_i32_u"], &words);
    each("f32", "f32", &float, &singles);
    each("f64", "f64", &float, &doubles);
    for (to, from, inputs) in [
        ("i32", "f32", &singles),
        ("i32", "f64", &doubles),
        ("i64", "f32", &singles),
        ("i64", "f64", &doubles),
    ] {
        let names: Vec<String> = [
            "trunc_FROM_s",
            "trunc_FROM_u",
            "trunc_sat_FROM_s",
            "trunc_sat_FROM_u",
        ]
        .iter()
        .map(|name| name.replace("FROM", from))
        .collect();
        each(
            from,
            to,
            &names.iter().map(String::as_str).collect::<Vec<_>>(),
            inputs,
        );
    }
    for (to, from, inputs) in [
        ("f32", "i32", &words),
        ("f64", "i32", &words),
        ("f32", "i64", &pairs),
        ("f64", "i64", &pairs),
    ] {
        let names = [format!("convert_{from}_s"), format!("convert_{from}_u")];
        each(
            from,
            to,
            &names.iter().map(String::as_str).collect::<Vec<_>>(),
            inputs,
        );
    }
    each("f64", "f32", &["demote_f64"], &doubles);
    each("f32", "f64", &["promote_f32"], &singles);
    each("i32", "f32", &["reinterpret_i32"], &words);
    each("f32", "i32", &["reinterpret_f32"], &singles);
    each("i64", "f64", &["reinterpret_i64"], &pairs);
    each("f64", "i64", &["reinterpret_f64"], &doubles);
    assert!(count > 300);
}

#[test]
fn division_traps() {
    let run = |name: &str, ty: &str, a: u64, b: u64| {
        let body = store(
            ty,
            16,
            &format!("({ty}.{name} (local.get $a) (local.get $b))"),
        );
        both(ty, &body, &[input(a, b)])[0].end
    };
    let min = 1u64 << 63;
    for name in ["div_s", "div_u", "rem_s", "rem_u"] {
        assert_eq!(run(name, "i32", 1, 0), End::Trap);
        assert_eq!(run(name, "i64", 1, 0), End::Trap);
    }
    assert_eq!(run("div_s", "i32", 0x8000_0000, 0xffff_ffff), End::Trap);
    assert_eq!(run("div_s", "i64", min, u64::MAX), End::Trap);
    assert_eq!(run("rem_s", "i32", 0x8000_0000, 0xffff_ffff), End::Returned);
    assert_eq!(run("rem_s", "i64", min, u64::MAX), End::Returned);
}
