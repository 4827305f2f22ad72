//! The parsers under test, compiled from where they lie: the addons themselves cannot be linked
//! without Node. What only the addons call is dead code here.
#![allow(dead_code)]

#[path = "../../guard/src/parse.rs"]
pub mod parse;
#[path = "../../sandbox/src/protocol.rs"]
pub mod protocol;

#[path = "../../scan/src/automaton.rs"]
mod automaton;
#[path = "../../scan/src/blocks.rs"]
mod blocks;
#[path = "../../scan/src/bytes.rs"]
mod bytes;
#[path = "../../scan/src/checks.rs"]
mod checks;
#[path = "../../scan/src/codec/mod.rs"]
pub mod codec;
#[path = "../../scan/src/columns.rs"]
mod columns;
#[path = "../../scan/src/detect.rs"]
pub mod detect;
#[path = "../../scan/src/engine.rs"]
pub mod engine;
#[path = "../../scan/src/groups.rs"]
mod groups;
#[path = "../../scan/src/identifiers.rs"]
mod identifiers;
#[path = "../../scan/src/key_names.rs"]
mod key_names;
#[path = "../../scan/src/keys.rs"]
mod keys;
#[path = "../../scan/src/names.rs"]
mod names;
#[path = "../../scan/src/numbers.rs"]
mod numbers;
#[path = "../../scan/src/passes.rs"]
mod passes;
#[path = "../../scan/src/path.rs"]
mod path;
#[path = "../../scan/src/phones.rs"]
mod phones;
#[path = "../../scan/src/pieces.rs"]
mod pieces;
#[path = "../../scan/src/plain_secrets.rs"]
pub mod plain_secrets;
#[path = "../../scan/src/secrets.rs"]
mod secrets;
#[path = "../../scan/src/seen.rs"]
mod seen;
#[path = "../../scan/src/table.rs"]
pub mod table;
#[path = "../../scan/src/tokens.rs"]
mod tokens;
#[path = "../../scan/src/values.rs"]
mod values;
#[path = "../../scan/src/view.rs"]
mod view;
#[path = "../../scan/src/vocab.rs"]
mod vocab;
#[path = "../../scan/src/words.rs"]
mod words;
#[path = "../../scan/src/worth.rs"]
mod worth;
