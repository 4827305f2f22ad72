//! Translated modules against wasmi, on the machine of `support`.

mod bulk;
mod control;
mod fuel;
mod instructions;
mod kernels;
mod memory;
mod refusals;
mod registers;
mod smith;
mod support;
