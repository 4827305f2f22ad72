//! Decoders. Each is one forward walk, takes bytes and answers bytes or nothing; none guesses
//! further than its own format. What is worth a view is decided by the engine.
pub mod base;
pub mod compress;
mod dry_run;
pub mod escapes;
pub mod fold;
pub mod lists;
pub mod objects;
pub mod probe;
pub mod spelled;
