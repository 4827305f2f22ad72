//! Which program a request is proven with. The module is translated if its client can tell the
//! translation's image id by itself, and the translator takes it; otherwise the interpreter runs it.

use std::{
    fs,
    io::{self, Read},
};

use nmp_zk_translator::translate;
use risc0_binfmt::ProgramBinary;
use risc0_zkos_v1compat::V1COMPAT_ELF;

use crate::Failure;

/// What every translated module runs in; native/zk/runtime.
const RUNTIME: &[u8] = include_bytes!("../../runtime.elf");
/// Module, input and openings together, bytes.
const REQUEST_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Nonce, two salts and fuel, before the lengths of module and input.
const MODULE_LENGTH_AT: usize = 3 * 32 + 8;
const MODULE_AT: usize = MODULE_LENGTH_AT + 8;

/// The first word of a request: the programs that may prove it.
const INTERPRETED: u32 = 1;
const TRANSLATED_OR_INTERPRETED: u32 = 2;

pub struct Program {
    pub image: Vec<u8>,
    /// What the program reads, behind its length.
    pub input: Vec<u8>,
    /// For the quote: `"program":"…"` and, if the translator refused the module, why.
    pub description: String,
}

fn word(bytes: &[u8], at: usize) -> Result<usize, Failure> {
    let word = bytes.get(at..at + 4).ok_or("request not whole")?;
    Ok(u32::from_le_bytes(word.try_into()?) as usize)
}

/// The image of a module.
pub fn translated(module: &[u8]) -> Result<Vec<u8>, nmp_zk_translator::Refusal> {
    let elf = translate(module, RUNTIME)?;
    Ok(ProgramBinary::new(&elf, V1COMPAT_ELF).encode())
}

/// The request that a translated module reads: the same without the module.
fn without_module(request: &[u8], length: usize) -> Result<Vec<u8>, Failure> {
    let rest = request.get(MODULE_AT + length.next_multiple_of(8)..);
    let mut out = request[..MODULE_AT].to_vec();
    out[MODULE_LENGTH_AT..MODULE_LENGTH_AT + 4].fill(0);
    out.extend_from_slice(rest.ok_or("request not whole")?);
    Ok(out)
}

fn with_length(request: &[u8]) -> Vec<u8> {
    [&(request.len() as u32).to_le_bytes(), request].concat()
}

/// Reads a request of standard input, and chooses its program.
///
/// # Errors
/// A request that is too large or not whole.
pub fn of_request(interpreter: Vec<u8>) -> Result<Program, Failure> {
    let mut bytes = Vec::new();
    io::stdin().take(REQUEST_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > REQUEST_BYTES_MAX {
        return Err("request too large".into());
    }
    let programs = word(&bytes, 0)? as u32;
    if programs != INTERPRETED && programs != TRANSLATED_OR_INTERPRETED {
        return Err("request for an unknown program".into());
    }
    let request = &bytes[4..];
    let length = word(request, MODULE_LENGTH_AT)?;
    let end = MODULE_AT.checked_add(length).ok_or("request not whole")?;
    let module = request.get(MODULE_AT..end).ok_or("request not whole")?;
    let mut description = String::from("\"program\":\"interpreter\"");
    if programs == TRANSLATED_OR_INTERPRETED {
        match translated(module) {
            Ok(image) => {
                let input = with_length(&without_module(request, length)?);
                let description = String::from("\"program\":\"translated\"");
                return Ok(Program { image, input, description });
            }
            Err(refusal) => description += &format!(",\"refusal\":\"{}\"", refusal.code()),
        }
    }
    Ok(Program { image: interpreter, input: with_length(request), description })
}

/// Writes the image of a module beside it, for whoever wants to look at it.
pub fn write_translated(module: &str, out: &str) -> Result<(), Failure> {
    let image = translated(&crate::read(module)?).map_err(|refusal| refusal.code())?;
    fs::write(out, image)?;
    crate::image_id(out)
}
