//! The part of the runtime that is not bound to the zkVM, so that it can be tested elsewhere.
#![cfg_attr(not(test), no_std)]

pub mod float;
#[cfg(test)]
mod float_tests;
