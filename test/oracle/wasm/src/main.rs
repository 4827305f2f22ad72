//! `nmp-wasm-oracle testsuite OUT` or `nmp-wasm-oracle smith OUT FIRST_SEED COUNT`.
//!
//! OUT becomes one file of records: u32 length of a JSON line, the line, u32 length of a module,
//! the module; integers little-endian. One file is read at once where thousands would not be.
use std::fs::File;
use std::io::{BufWriter, Write};

mod smith;
mod testsuite;

/// Appends one module and what is known of it.
fn record(out: &mut impl Write, line: &str, module: &[u8]) -> std::io::Result<()> {
    let length = |bytes: &[u8]| {
        u32::try_from(bytes.len())
            .expect("below 4 GiB")
            .to_le_bytes()
    };
    out.write_all(&length(line.as_bytes()))?;
    out.write_all(line.as_bytes())?;
    out.write_all(&length(module))?;
    out.write_all(module)
}

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    match words[..] {
        ["testsuite", out] => testsuite::write(&mut BufWriter::new(File::create(out)?)),
        ["smith", out, first, count] => {
            let number = |text: &str| text.parse::<u64>().expect("a number");
            smith::write(
                &mut BufWriter::new(File::create(out)?),
                number(first),
                number(count),
            )
        }
        _ => {
            eprintln!("usage: nmp-wasm-oracle testsuite OUT | smith OUT FIRST_SEED COUNT");
            std::process::exit(2);
        }
    }
}
