//! One function: the state of its translation, its prologue and epilogue, and its fuel.

use alloc::vec::Vec;

use nmp_zk_abi as abi;
use wasmparser::Operator;

use crate::assembler::{Assembler, Item, Label, Routine, Target};
use crate::control::Control;
use crate::encode::{self, argument, Op, Reg, Test, RA, S10, S9, SP, T0, T1, ZERO};
use crate::limits;
use crate::memory::Checked;
use crate::module::Module;
use crate::program::Program;
use crate::refusal::Refusal;
use crate::registers::{self, Home, Locals};
use crate::stack::{Loc, Value};
use crate::types::{words, Signature};

/// Bytes of stack that functions may take unasked that call no function of the module.
const UNCHECKED_FRAME_MAX: usize = 512;
/// Bytes of the largest frame: less than `abi::STACK_LIMIT_MIN`.
const FRAME_MAX: usize = 65_536;

pub struct Gen<'m, 'a> {
    pub module: &'m Module<'a>,
    pub program: &'m Program,
    pub operators: &'m [Operator<'a>],
    /// The next instruction.
    pub pc: usize,
    pub locals: Locals,
    pub asm: Assembler,
    /// Code that is placed behind the function.
    late: Vec<Item>,
    pub stack: Vec<Value>,
    /// Registers that hold operands, by bit; those of the instruction at hand that end with it; and
    /// all that it reads.
    pub in_use: u32,
    pub held: u32,
    pub operands: u32,
    /// The local that the result of the instruction at hand goes to.
    pub sink: Option<usize>,
    pub control: Vec<Control>,
    /// Nothing is emitted until the block's end: the code cannot be reached.
    pub dead: bool,
    /// Blocks begun in code that cannot be reached.
    pub dead_blocks: usize,
    fuel: Option<FuelBlock>,
    /// What is known to lie within linear memory.
    pub checked: Vec<Checked>,
    trap: Label,
    /// Operand words that the frame keeps.
    pub slots: usize,
}

/// A basic block that is charged at its start, where three items wait for its length.
struct FuelBlock {
    item: usize,
    back: Label,
    count: u32,
}

/// The items of one function.
pub fn translate(
    module: &Module<'_>,
    program: &Program,
    function: usize,
) -> Result<Assembler, Refusal> {
    let body = module.bodies.get(function).ok_or(Refusal::NotAModule)?;
    let signature = module.signature(function as u32)?;
    let mut reader = body
        .get_operators_reader()
        .map_err(|_| Refusal::NotAModule)?;
    let mut operators = Vec::new();
    while !reader.eof() {
        operators.push(reader.read().map_err(|_| Refusal::NotAModule)?);
    }
    let locals = registers::assign(module, &signature.params, body, &operators)?;
    let mut asm = Assembler::default();
    let trap = asm.label();
    let mut gen = Gen {
        module,
        program,
        operators: &operators,
        pc: 0,
        locals,
        asm,
        late: Vec::new(),
        stack: Vec::new(),
        in_use: 0,
        held: 0,
        operands: 0,
        sink: None,
        control: Vec::new(),
        dead: false,
        dead_blocks: 0,
        fuel: None,
        checked: Vec::new(),
        trap,
        slots: if words(&signature.results) > 2 {
            words(&signature.results)
        } else {
            0
        },
    };
    gen.enter(signature);
    while let Some(operator) = operators.get(gen.pc) {
        gen.pc += 1;
        gen.operator(operator)?;
        gen.within_limits()?;
    }
    gen.finish(signature)
}

impl Gen<'_, '_> {
    fn finish(mut self, signature: &Signature) -> Result<Assembler, Refusal> {
        let frame = self.frame_bytes();
        if frame > FRAME_MAX {
            return Err(Refusal::Limit);
        }
        self.epilogue(signature, frame);
        let body = core::mem::take(&mut self.asm.items);
        self.prologue(frame);
        self.asm.items.extend(body);
        let trap = self.trap;
        self.asm.bind(trap);
        self.asm
            .items
            .push(Item::Far(ZERO, Target::Routine(Routine::Trap)));
        self.asm.rare = self.asm.items.len();
        let late = core::mem::take(&mut self.late);
        self.asm.items.extend(late);
        Ok(self.asm)
    }

    /// What is too long to be placed ends early.
    pub fn within_limits(&self) -> Result<(), Refusal> {
        if self.asm.items.len() + self.late.len() > limits::FUNCTION_ITEMS_MAX {
            return Err(Refusal::Limit);
        }
        Ok(())
    }

    fn saved_bytes(&self) -> usize {
        (self.locals.saved.len() + usize::from(!self.locals.leaf)) * 4
    }

    fn frame_bytes(&self) -> usize {
        (self.slot_offset(self.slots) + self.saved_bytes()).next_multiple_of(16)
    }

    /// The registers that the frame keeps, each with its offset.
    fn saved(&self, frame: usize) -> Vec<(Reg, usize)> {
        let mut saved = self.locals.saved.clone();
        if !self.locals.leaf {
            saved.push(RA);
        }
        let first = frame - saved.len() * 4;
        saved
            .iter()
            .enumerate()
            .map(|(index, &reg)| (reg, first + index * 4))
            .collect()
    }

    fn move_sp(&mut self, by: i32) {
        if encode::fits(by) {
            self.asm.word(encode::addi(SP, SP, by));
        } else {
            self.asm.constant(T0, by as u32);
            self.asm.word(encode::op(Op::Add, SP, SP, T0));
        }
    }

    fn prologue(&mut self, frame: usize) {
        if frame > 0 {
            self.move_sp(-(frame as i32));
        }
        if self.locals.calls || frame > UNCHECKED_FRAME_MAX {
            let limit = abi::INSTANCE_STACK_LIMIT as i32 + INSTANCE;
            self.asm.word(encode::lw(T0, S10, limit));
            let trap = self.trap;
            self.asm.branch(Test::Ltu, SP, T0, trap);
        }
        for (reg, offset) in self.saved(frame) {
            self.store_frame(reg, offset);
        }
        for word in 0..self.locals.homes.len() {
            let home = self.locals.homes[word];
            if word < self.locals.param_words {
                self.receive(word, home, frame);
            } else {
                match home {
                    Home::Reg(reg) => self.asm.copy(reg, ZERO),
                    Home::Frame(word) => self.store_frame(ZERO, self.local_offset(word)),
                    Home::None => {}
                }
            }
        }
    }

    /// A parameter's word from where the caller put it.
    fn receive(&mut self, word: usize, home: Home, frame: usize) {
        let passed = (word < 8).then(|| argument(word));
        let above = frame + word.saturating_sub(8) * 4;
        match (home, passed) {
            (Home::Reg(reg), Some(from)) => self.asm.copy(reg, from),
            (Home::Reg(reg), None) => self.load_frame(reg, above),
            (Home::Frame(word), Some(from)) => self.store_frame(from, self.local_offset(word)),
            (Home::Frame(word), None) => {
                self.load_frame(T0, above);
                self.store_frame(T0, self.local_offset(word));
            }
            (Home::None, _) => {}
        }
    }

    fn epilogue(&mut self, signature: &Signature, frame: usize) {
        let count = words(&signature.results);
        if count > 2 {
            for word in 8..count {
                self.load_frame(T0, self.slot_offset(word));
                self.store_frame(T0, frame + (word - 8) * 4);
            }
            for word in 0..count.min(8) {
                self.load_frame(argument(word), self.slot_offset(word));
            }
        }
        for (reg, offset) in self.saved(frame) {
            self.load_frame(reg, offset);
        }
        if frame > 0 {
            self.move_sp(frame as i32);
        }
        self.asm.word(encode::ret());
    }

    /// What `emit` emits is placed behind the function, out of the way of what is usual.
    pub fn out_of_line(&mut self, emit: impl FnOnce(&mut Self)) {
        core::mem::swap(&mut self.asm.items, &mut self.late);
        emit(self);
        core::mem::swap(&mut self.asm.items, &mut self.late);
    }

    /// Ends in a trap if the test holds.
    pub fn trap_if(&mut self, test: Test, a: Reg, b: Reg) {
        let trap = self.trap;
        self.asm.branch(test, a, b, trap);
    }

    pub fn trap(&mut self) {
        let trap = self.trap;
        self.asm.jump(trap);
    }

    pub fn routine(&mut self, routine: Routine) {
        self.asm.items.push(Item::Far(T0, Target::Routine(routine)));
    }

    /// Counts one instruction of the block at hand.
    pub fn charge(&mut self) {
        if let Some(block) = &mut self.fuel {
            block.count += 1;
            if block.count >= limits::FUEL_BLOCK_MAX {
                self.end_fuel();
                self.begin_fuel();
            }
        }
    }

    pub fn begin_fuel(&mut self) {
        self.end_fuel();
        let item = self.asm.items.len();
        let back = self.asm.label();
        self.asm.items.extend([Item::Nothing; 3]);
        self.asm.bind(back);
        self.fuel = Some(FuelBlock {
            item,
            back,
            count: 0,
        });
    }

    pub fn end_fuel(&mut self) {
        let Some(block) = self.fuel.take() else {
            return;
        };
        if block.count == 0 {
            return;
        }
        let charge = encode::addi(S9, S9, -(block.count as i32));
        let [enough, more] = refill(block.back);
        for (item, place) in [Item::Word(charge), enough, more]
            .into_iter()
            .zip(block.item..)
        {
            self.asm.items[place] = item;
        }
    }

    /// One more unit of fuel for each 64 of `length` begun. Clobbers t0 and t1.
    pub fn charge_length(&mut self, length: Reg) {
        self.asm.word(encode::srli(T0, length, 6));
        self.asm.word(encode::andi(T1, length, 63));
        self.asm.word(encode::op(Op::Sltu, T1, ZERO, T1));
        self.asm.word(encode::op(Op::Add, T0, T0, T1));
        self.asm.word(encode::op(Op::Sub, S9, S9, T0));
        let back = self.asm.label();
        self.asm.items.extend(refill(back));
        self.asm.bind(back);
    }

    /// A label that other ways lead to: what was known of addresses is so no more.
    pub fn bind_join(&mut self, label: Label) {
        self.end_fuel();
        self.checked.clear();
        self.asm.bind(label);
        self.begin_fuel();
    }

    /// The local is written: nothing is known of its words any more. (The high word of a 64-bit local
    /// is an address, too, once it was shifted down.)
    pub fn forget_local(&mut self, local: usize) {
        let Some(&first) = self.locals.first_word.get(local) else {
            return;
        };
        let words = first..first + self.locals.types[local].words();
        self.checked
            .retain(|one| !words.clone().any(|word| one.base == Loc::Local(word)));
    }
}

/// More fuel unless there is enough. In line: what a branch takes out of line takes as much room, and
/// then the way back.
fn refill(back: Label) -> [Item; 2] {
    [
        Item::Branch(Test::Ge, S9, ZERO, back),
        Item::Far(T0, Target::Routine(Routine::Refill)),
    ]
}

/// The instance as an offset from linear memory, whose address s10 holds.
pub const INSTANCE: i32 = -((abi::MEMORY - abi::INSTANCE) as i32);
