//! A validated module, reduced to what is translated. Everything not in here was refused.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use nmp_zk_abi as abi;
use wasmparser::{
    ConstExpr, DataKind, ElementItems, ElementKind, ExternalKind, FunctionBody, Operator, Parser,
    Payload, TableInit, Validator, WasmFeatures,
};

use crate::limits;
use crate::refusal::Refusal;
use crate::types::{Signature, Type};

/// Words that something has at the start; a function's address is known once code is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initial {
    Words(u32, u32),
    Function(u32),
}

pub struct Global {
    pub ty: Type,
    pub initial: Initial,
}

pub struct Table {
    pub minimum: u32,
    pub capacity: u32,
}

pub struct Elements {
    pub place: Place,
    pub items: Vec<Option<u32>>,
}

/// Where a segment goes before the start function, if anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Active { table: u32, offset: u32 },
    Passive,
    Declared,
}

pub struct Data<'a> {
    /// Address in linear memory, of an active segment.
    pub active: Option<u32>,
    pub bytes: &'a [u8],
}

#[derive(Default)]
pub struct Module<'a> {
    pub types: Vec<Signature>,
    /// Of each type the first that equals it: what a function reference is checked by.
    pub canonical: Vec<u32>,
    /// Type of each function.
    pub functions: Vec<u32>,
    pub bodies: Vec<FunctionBody<'a>>,
    pub tables: Vec<Table>,
    pub memory_bytes: u32,
    pub memory_bytes_max: u32,
    pub globals: Vec<Global>,
    pub start: Option<u32>,
    pub alloc: u32,
    pub run: u32,
    pub elements: Vec<Elements>,
    pub data: Vec<Data<'a>>,
    memories: usize,
    exported: [Option<u32>; 2],
    memory_exported: bool,
}

/// The features of nmp-wasm-zk-v1.
fn features() -> WasmFeatures {
    WasmFeatures::FLOATS
        | WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::REFERENCE_TYPES
        // externref stands behind this flag in wasmparser; it is not the GC proposal.
        | WasmFeatures::GC_TYPES
}

fn invalid<T>(_: T) -> Refusal {
    Refusal::NotAModule
}

fn within(count: usize, limit: usize) -> Result<(), Refusal> {
    if count > limit {
        return Err(Refusal::Limit);
    }
    Ok(())
}

impl<'a> Module<'a> {
    pub fn parse(wasm: &'a [u8]) -> Result<Module<'a>, Refusal> {
        within(wasm.len(), limits::MODULE_BYTES_MAX)?;
        Validator::new_with_features(features())
            .validate_all(wasm)
            .map_err(invalid)?;
        let mut module = Module::default();
        for payload in Parser::new(0).parse_all(wasm) {
            module.payload(payload.map_err(invalid)?)?;
        }
        module.finish()
    }

    pub fn signature(&self, function: u32) -> Result<&Signature, Refusal> {
        let ty = *self
            .functions
            .get(function as usize)
            .ok_or(Refusal::NotAModule)?;
        self.ty(ty)
    }

    pub fn ty(&self, index: u32) -> Result<&Signature, Refusal> {
        self.types.get(index as usize).ok_or(Refusal::NotAModule)
    }

    fn payload(&mut self, payload: Payload<'a>) -> Result<(), Refusal> {
        match payload {
            Payload::TypeSection(section) => {
                within(section.count() as usize, limits::TYPES_MAX)?;
                for ty in section.into_iter_err_on_gc_types() {
                    self.types.push(Signature::of(&ty.map_err(invalid)?)?);
                }
            }
            Payload::ImportSection(section) if section.count() != 0 => return Err(Refusal::Import),
            Payload::FunctionSection(section) => {
                within(section.count() as usize, limits::FUNCTIONS_MAX)?;
                for ty in section {
                    self.functions.push(ty.map_err(invalid)?);
                }
            }
            Payload::TableSection(section) => {
                within(section.count() as usize, abi::TABLES_MAX as usize)?;
                for table in section {
                    self.table(table.map_err(invalid)?)?;
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.memory(memory.map_err(invalid)?)?;
                }
            }
            Payload::GlobalSection(section) => {
                within(section.count() as usize, limits::GLOBALS_MAX)?;
                for global in section {
                    let global = global.map_err(invalid)?;
                    self.globals.push(Global {
                        ty: Type::of(global.ty.content_type)?,
                        initial: initial(&global.init_expr)?,
                    });
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.map_err(invalid)?;
                    match (export.name, export.kind) {
                        ("memory", ExternalKind::Memory) => self.memory_exported = true,
                        ("nmp_alloc", ExternalKind::Func) => self.exported[0] = Some(export.index),
                        ("nmp_run", ExternalKind::Func) => self.exported[1] = Some(export.index),
                        _ => {}
                    }
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(section) => {
                within(section.count() as usize, limits::SEGMENTS_MAX)?;
                for element in section {
                    self.element(element.map_err(invalid)?)?;
                }
            }
            Payload::DataSection(section) => {
                within(section.count() as usize, limits::SEGMENTS_MAX)?;
                for data in section {
                    let data = data.map_err(invalid)?;
                    let active = match data.kind {
                        DataKind::Passive => None,
                        DataKind::Active { offset_expr, .. } => Some(offset(&offset_expr)?),
                    };
                    self.data.push(Data {
                        active,
                        bytes: data.data,
                    });
                }
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            _ => {}
        }
        Ok(())
    }

    fn table(&mut self, table: wasmparser::Table<'a>) -> Result<(), Refusal> {
        if !matches!(table.init, TableInit::RefNull) {
            return Err(Refusal::NotAModule);
        }
        let most = u64::from(abi::TABLE_ELEMENTS_MAX);
        if table.ty.initial > most {
            return Err(Refusal::Limit);
        }
        self.tables.push(Table {
            minimum: table.ty.initial as u32,
            capacity: table.ty.maximum.unwrap_or(most).min(most) as u32,
        });
        Ok(())
    }

    fn memory(&mut self, memory: wasmparser::MemoryType) -> Result<(), Refusal> {
        let most = u64::from(abi::MEMORY_BYTES_MAX / abi::PAGE_BYTES);
        if memory.initial > most {
            return Err(Refusal::Limit);
        }
        let maximum = memory.maximum.unwrap_or(most).min(most);
        self.memory_bytes = memory.initial as u32 * abi::PAGE_BYTES;
        self.memory_bytes_max = maximum as u32 * abi::PAGE_BYTES;
        self.memories += 1;
        Ok(())
    }

    fn element(&mut self, element: wasmparser::Element<'a>) -> Result<(), Refusal> {
        let place = match element.kind {
            ElementKind::Passive => Place::Passive,
            ElementKind::Declared => Place::Declared,
            ElementKind::Active {
                table_index,
                offset_expr,
            } => Place::Active {
                table: table_index.unwrap_or(0),
                offset: offset(&offset_expr)?,
            },
        };
        let mut items = Vec::new();
        match element.items {
            ElementItems::Functions(functions) => {
                within(functions.count() as usize, limits::ELEMENTS_MAX)?;
                for function in functions {
                    items.push(Some(function.map_err(invalid)?));
                }
            }
            ElementItems::Expressions(_, expressions) => {
                within(expressions.count() as usize, limits::ELEMENTS_MAX)?;
                for expression in expressions {
                    items.push(match initial(&expression.map_err(invalid)?)? {
                        Initial::Function(function) => Some(function),
                        Initial::Words(..) => None,
                    });
                }
            }
        }
        let before: usize = self.elements.iter().map(|one| one.items.len()).sum();
        within(before + items.len(), limits::ELEMENTS_MAX)?;
        self.elements.push(Elements { place, items });
        Ok(())
    }

    fn finish(mut self) -> Result<Module<'a>, Refusal> {
        let mut first: BTreeMap<&Signature, u32> = BTreeMap::new();
        let canonical = self
            .types
            .iter()
            .zip(0u32..)
            .map(|(signature, index)| *first.entry(signature).or_insert(index))
            .collect();
        self.canonical = canonical;
        let of = |function: Option<u32>, params: &[Type], results: &[Type]| {
            let function = function.ok_or(Refusal::Export)?;
            let signature = self.signature(function)?;
            if signature.params != params || signature.results != results {
                return Err(Refusal::Export);
            }
            Ok(function)
        };
        let alloc = of(self.exported[0], &[Type::I32], &[Type::I32])?;
        let run = of(self.exported[1], &[Type::I32, Type::I32], &[Type::I64])?;
        if !self.memory_exported || self.memories != 1 {
            return Err(Refusal::Export);
        }
        if self.bodies.len() != self.functions.len() {
            return Err(Refusal::NotAModule);
        }
        self.alloc = alloc;
        self.run = run;
        Ok(self)
    }
}

/// The single constant that the profile's initial expressions are.
fn initial(expression: &ConstExpr<'_>) -> Result<Initial, Refusal> {
    let mut reader = expression.get_operators_reader();
    let value = match reader.read().map_err(invalid)? {
        Operator::I32Const { value } => Initial::Words(value as u32, 0),
        Operator::I64Const { value } => Initial::Words(value as u32, (value >> 32) as u32),
        Operator::F32Const { value } => Initial::Words(value.bits(), 0),
        Operator::F64Const { value } => {
            Initial::Words(value.bits() as u32, (value.bits() >> 32) as u32)
        }
        Operator::RefNull { .. } => Initial::Words(0, 0),
        Operator::RefFunc { function_index } => Initial::Function(function_index),
        _ => return Err(Refusal::NotAModule),
    };
    match reader.read().map_err(invalid)? {
        Operator::End => Ok(value),
        _ => Err(Refusal::NotAModule),
    }
}

fn offset(expression: &ConstExpr<'_>) -> Result<u32, Refusal> {
    match initial(expression)? {
        Initial::Words(word, 0) => Ok(word),
        _ => Err(Refusal::NotAModule),
    }
}
