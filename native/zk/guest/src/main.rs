//! The program that a receipt is about: ties the tables of one guest input to their published
//! roots, runs one WebAssembly module on it under the pure ABI and commits the journal of
//! docs/protocol.md, section Receipt journal. Whatever the host may choose and a verifier must
//! know is in the journal; a request that is not whole ends the guest, and so has no receipt.
#![no_main]
#![no_std]

extern crate alloc;

mod arrow;
mod dataset;
mod hash;
mod journal;
mod module;
mod reader;

use alloc::{vec, vec::Vec};
use risc0_zkvm::guest::env;

use journal::{Journal, Outcome};
use reader::Reader;

/// Nonce, two salts, fuel, module and input, each with its length, then the openings of tables.
struct Request<'a> {
    nonce: [u8; 32],
    input_salt: [u8; 32],
    output_salt: [u8; 32],
    fuel: u64,
    module: &'a [u8],
    input: &'a [u8],
    proof: Reader<'a>,
}

fn parse(bytes: &[u8]) -> Option<Request<'_>> {
    let mut reader = Reader { bytes };
    let (nonce, input_salt, output_salt) = (reader.digest()?, reader.digest()?, reader.digest()?);
    let fuel = reader.u64()?;
    let module = reader.u32()? as usize;
    let input = reader.u32()? as usize;
    Some(Request {
        nonce,
        input_salt,
        output_salt,
        fuel,
        module: reader.padded(module)?,
        input: reader.padded(input)?,
        proof: reader,
    })
}

fn read_request() -> Vec<u8> {
    let mut len = [0u8; 4];
    env::read_slice(&mut len);
    let mut bytes = vec![0u8; u32::from_le_bytes(len) as usize];
    env::read_slice(&mut bytes);
    bytes
}

fn main() {
    let bytes = read_request();
    let mut request = parse(&bytes).expect("a request that is not whole");
    let opened = dataset::open(request.input, &mut request.proof)
        .expect("an input that is not canonical, or not of the dataset");
    let (outcome, output) = match module::run(request.module, request.input, request.fuel) {
        Ok(output) => (Outcome::Ok, output),
        Err(outcome) => (outcome, Vec::new()),
    };
    let journal = Journal {
        outcome,
        fuel: request.fuel,
        module: request.module,
        input_salt: &request.input_salt,
        arguments: opened.arguments,
        input: request.input,
        datasets: opened.datasets,
        output_salt: &request.output_salt,
        output: &output,
        nonce: &request.nonce,
    };
    env::commit_slice(&journal.encode());
}

risc0_zkvm::entry!(main);
