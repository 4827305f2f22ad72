//! Compiles the circuit's constraints for vectors: the generated code of the registry's crate, which
//! `build.sh` unpacks beside this one, with the types of `cxx/field.h` in place of its own.

use std::{env, fs, path::Path, process::Command};

/// Files of the generated code, and what is replaced in all of them together. Another count means
/// that the crate is not the one that these kernels were written for.
const SOURCE: &str = "../.patched/risc0-circuit-rv32im-sys/kernels/cxx";
const FILES: usize = 4;
const ROWS: usize = 3400;
const SUMS: usize = 6466;

struct Counts {
    rows: usize,
    sums: usize,
}

/// `  auto x = arg[N * steps + ((cycle - kInvRate * B) & mask)];`: rows of a column. The window that
/// they are read from does not wrap around.
fn rows(line: &str) -> Option<String> {
    let (name, from) = line.split_once(" = ")?;
    let (matrix, at) = from
        .split_once('[')
        .filter(|_| from.contains("* steps + ((cycle"))?;
    // data=args[1][…] has an index of its own.
    let (matrix, at) = match at.split_once("][") {
        Some((which, at)) => (format!("{matrix}[{which}]"), at),
        None => (matrix.to_string(), at),
    };
    let at = at.strip_suffix(") & mask)];")?.replace("((cycle", "(cycle");
    Some(format!("{name} = rows({matrix}, {at}));"))
}

fn vectored(source: &str, counts: &mut Counts) -> String {
    let mut out = String::from("#include \"field.h\"\n");
    for line in source.lines() {
        let code = line.trim_start();
        if code.starts_with("//") || code.starts_with('#') || code.starts_with("size_t mask") {
            continue;
        }
        if let Some(line) = rows(line) {
            counts.rows += 1;
            out += &line;
        } else if code.starts_with("FpExt x") && code.contains(" = ") {
            // A sum stays what it is until it is read.
            counts.sums += 1;
            out += &line.replacen("FpExt", "auto", 1);
        } else {
            out += &line
                .replace("FpExt* poly_mix", "const Mix* poly_mix")
                .replace("constexpr Fp", "const Fp")
                .replace(
                    "namespace risc0::circuit::rv32im_v2 {",
                    "namespace NMP_NAMESPACE {",
                );
        }
        out.push('\n');
    }
    out
}

/// Clang by preference: its code for functions as long as these is three times as fast as that of
/// g++ 12, and made in a third of the time.
fn compiler() -> &'static str {
    let has = |name: &str| {
        Command::new(name)
            .arg("--version")
            .output()
            .is_ok_and(|out| out.status.success())
    };
    if has("clang++") {
        return "clang++";
    }
    println!("cargo:warning=clang++ is missing: g++ makes slower proofs of the same kind");
    "g++"
}

fn compile(kind: &str, lanes: &str, flags: &[&str], generated: &Path) {
    let mut build = cc::Build::new();
    build
        .compiler(compiler())
        .cpp(true)
        .std("c++17")
        .opt_level(2)
        .warnings(false)
        .include("cxx")
        .define("NMP_LANES", lanes)
        .define("NMP_NAMESPACE", format!("nmp_{kind}").as_str())
        .define("NMP_ENTRY", format!("nmp_zk_constraints_{kind}").as_str())
        .file("cxx/constraints.cpp");
    for flag in flags {
        build.flag(flag);
    }
    for file in 0..FILES {
        build.file(generated.join(format!("constraints_{file}.cpp")));
    }
    build.compile(&format!("nmp_zk_constraints_{kind}"));
}

fn main() {
    // Of the flags that build.sh sets the maps of paths alone: clang takes ten times as long with -O3,
    // for nothing.
    let flags = env::var("CXXFLAGS").unwrap_or_default();
    let maps: Vec<&str> = flags
        .split(' ')
        .filter(|flag| flag.starts_with("-ffile-prefix-map="))
        .collect();
    env::set_var("CXXFLAGS", maps.join(" "));
    println!("cargo:rerun-if-changed=cxx");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={SOURCE}");
    let generated = Path::new(&env::var_os("OUT_DIR").expect("OUT_DIR")).join("generated");
    fs::create_dir_all(&generated).expect("a folder for the generated code");
    let mut counts = Counts { rows: 0, sums: 0 };
    for file in 0..FILES {
        let path = format!("{SOURCE}/rust_poly_fp_{file}.cpp");
        let source = fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{path}: {error}; build with native/zk/build.sh"));
        let code = vectored(&source, &mut counts);
        fs::write(generated.join(format!("constraints_{file}.cpp")), code).expect("written");
    }
    assert_eq!(
        (counts.rows, counts.sums),
        (ROWS, SUMS),
        "the generated constraints are not those of risc0-circuit-rv32im-sys 4.0.3"
    );
    compile(
        "avx512",
        "16",
        &["-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl"],
        &generated,
    );
    compile("avx2", "8", &["-mavx2"], &generated);
}
