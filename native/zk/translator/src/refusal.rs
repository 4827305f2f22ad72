//! Why a module is not translated: a closed set, each with a word for the machine to read.

use core::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not valid WebAssembly, or of a feature that the profile does not have.
    NotAModule,
    /// It imports something.
    Import,
    /// `memory`, `nmp_alloc` or `nmp_run` is missing or of another type.
    Export,
    /// Beyond one of `limits`.
    Limit,
    /// The runtime is not an ELF file with a table of helpers: not the module's fault.
    Runtime,
}

impl Refusal {
    pub const ALL: [Refusal; 5] = [
        Refusal::NotAModule,
        Refusal::Import,
        Refusal::Export,
        Refusal::Limit,
        Refusal::Runtime,
    ];

    /// Stable; what the outside sees.
    pub fn code(self) -> &'static str {
        match self {
            Refusal::NotAModule => "not-a-module",
            Refusal::Import => "import",
            Refusal::Export => "export",
            Refusal::Limit => "limit",
            Refusal::Runtime => "runtime",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl core::error::Error for Refusal {}
