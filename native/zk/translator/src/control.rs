//! Blocks and branches. Where ways meet, what is on the operand stack lies at the same place on
//! each: results of up to two words in registers, others in their slots of the frame.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use wasmparser::{BlockType, BrTable};

use crate::assembler::Label;
use crate::encode::{self, argument, Op, Reg, Test, T0, T1, ZERO};
use crate::function::Gen;
use crate::limits;
use crate::refusal::Refusal;
use crate::stack::{Loc, Place};
use crate::types::{words, Signature, Type};

/// A condition of two registers, none of them t0 or t1.
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    pub test: Test,
    pub a: Reg,
    pub b: Reg,
}

impl Condition {
    pub fn inverted(self) -> Condition {
        Condition {
            test: self.test.inverted(),
            ..self
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Function,
    Block,
    Loop,
    /// Where to go if the condition does not hold; `None` once there was an `else`.
    If(Option<Label>),
}

pub struct Control {
    kind: Kind,
    /// Of a loop its start, otherwise the end.
    label: Label,
    /// Values on the stack below its parameters.
    height: usize,
    params: Vec<Type>,
    results: Vec<Type>,
    /// Something branches to the label.
    used: bool,
}

impl Gen<'_, '_> {
    pub fn enter(&mut self, signature: &Signature) {
        let label = self.asm.label();
        self.control.push(Control {
            kind: Kind::Function,
            label,
            height: 0,
            params: Vec::new(),
            results: signature.results.clone(),
            used: false,
        });
        self.begin_fuel();
    }

    fn block_type(&self, ty: BlockType) -> Result<(Vec<Type>, Vec<Type>), Refusal> {
        Ok(match ty {
            BlockType::Empty => (Vec::new(), Vec::new()),
            BlockType::Type(result) => (Vec::new(), alloc::vec![Type::of(result)?]),
            BlockType::FuncType(index) => {
                let signature = self.module.ty(index)?;
                (signature.params.clone(), signature.results.clone())
            }
        })
    }

    fn begin(&mut self, kind: Kind, ty: BlockType) -> Result<Label, Refusal> {
        let (params, results) = self.block_type(ty)?;
        let height = self
            .stack
            .len()
            .checked_sub(params.len())
            .ok_or(Refusal::NotAModule)?;
        if self.control.len() > limits::NESTING_MAX {
            return Err(Refusal::Limit);
        }
        self.flush(height);
        let label = self.asm.label();
        self.control.push(Control {
            kind,
            label,
            height,
            params,
            results,
            used: false,
        });
        Ok(label)
    }

    pub fn block(&mut self, ty: BlockType) -> Result<(), Refusal> {
        self.begin(Kind::Block, ty).map(|_| ())
    }

    pub fn loop_(&mut self, ty: BlockType) -> Result<(), Refusal> {
        let label = self.begin(Kind::Loop, ty)?;
        self.bind_join(label);
        Ok(())
    }

    pub fn if_(&mut self, ty: BlockType, condition: Condition) -> Result<(), Refusal> {
        let other = self.asm.label();
        self.begin(Kind::If(Some(other)), ty)?;
        let not = condition.inverted();
        self.asm.branch(not.test, not.a, not.b, other);
        self.release();
        self.begin_fuel();
        Ok(())
    }

    pub fn else_(&mut self) -> Result<(), Refusal> {
        let index = self
            .control
            .len()
            .checked_sub(1)
            .ok_or(Refusal::NotAModule)?;
        if !self.dead {
            self.leave(index)?;
            let label = self.control[index].label;
            self.control[index].used = true;
            self.asm.jump(label);
        }
        self.otherwise(index)
    }

    /// Begins the part of an `if` for when the condition does not hold.
    fn otherwise(&mut self, index: usize) -> Result<(), Refusal> {
        let height = self.control[index].height;
        self.truncate(height);
        self.dead = false;
        let Kind::If(Some(other)) = self.control[index].kind else {
            return Err(Refusal::NotAModule);
        };
        self.control[index].kind = Kind::If(None);
        self.bind_join(other);
        let params = self.control[index].params.clone();
        self.push_slots(&params)
    }

    fn push_slots(&mut self, types: &[Type]) -> Result<(), Refusal> {
        for &ty in types {
            let depth = self.stack_words();
            let high = if ty.words() == 2 {
                Loc::Slot(depth + 1)
            } else {
                Loc::Const(0)
            };
            self.push(ty, [Loc::Slot(depth), high])?;
        }
        Ok(())
    }

    pub fn end(&mut self) -> Result<(), Refusal> {
        let index = self
            .control
            .len()
            .checked_sub(1)
            .ok_or(Refusal::NotAModule)?;
        if let Kind::If(Some(_)) = self.control[index].kind {
            // Without an `else`, parameters are the results.
            self.else_()?;
        }
        let Some(control) = self.control.last() else {
            return Err(Refusal::NotAModule);
        };
        let joins = control.used && control.kind != Kind::Loop;
        let (label, height) = (control.label, control.height);
        if control.kind == Kind::Function {
            if !self.dead {
                self.leave(index)?;
            }
            self.truncate(0);
            self.end_fuel();
            self.asm.bind(label);
            self.control.pop();
            return Ok(());
        }
        if !joins {
            // The values of the only way here stay where they are.
            if self.dead {
                self.truncate(height);
            }
            self.control.pop();
            return Ok(());
        }
        if !self.dead {
            self.leave(index)?;
        }
        self.truncate(height);
        self.dead = false;
        self.bind_join(label);
        let base = self.stack_words();
        if let Some(control) = self.control.pop() {
            let places = self.places(&control.results, base, false);
            let mut places = places.iter().map(|place| match place {
                Place::Reg(reg) => Loc::Reg(*reg),
                Place::Slot(slot) | Place::Home(slot) | Place::Outgoing(slot) => Loc::Slot(*slot),
            });
            for ty in control.results {
                let low = places.next().unwrap_or(Loc::Const(0));
                let high = if ty.words() == 2 { places.next() } else { None };
                self.push(ty, [low, high.unwrap_or(Loc::Const(0))])?;
            }
        }
        Ok(())
    }

    /// Where the words of `types` lie at a label, above `base` words.
    fn places(&self, types: &[Type], base: usize, slots: bool) -> Vec<Place> {
        let count = words(types);
        (0..count)
            .map(|word| {
                if count <= 2 && !slots {
                    Place::Reg(self.locals.temporaries[word])
                } else {
                    Place::Slot(base + word)
                }
            })
            .collect()
    }

    /// The moves of the topmost values to where the label of `index` has them.
    fn moves(&self, index: usize) -> Result<Vec<(Place, Loc)>, Refusal> {
        let control = self.control.get(index).ok_or(Refusal::NotAModule)?;
        let looping = control.kind == Kind::Loop;
        let types = if looping {
            &control.params
        } else {
            &control.results
        };
        let base = control.height.checked_sub(1).map_or(0, |below| {
            self.stack
                .get(below)
                .map_or(0, |value| value.depth + value.ty.words())
        });
        let mut places = self.places(types, base, looping);
        if control.kind == Kind::Function && places.len() <= 2 {
            places = (0..places.len())
                .map(|word| Place::Reg(argument(word)))
                .collect();
        }
        let from = self
            .stack
            .len()
            .checked_sub(types.len())
            .ok_or(Refusal::NotAModule)?;
        let sources = self.stack[from..]
            .iter()
            .flat_map(|value| value.words[..value.ty.words()].iter().copied());
        Ok(places.into_iter().zip(sources).collect())
    }

    fn leave(&mut self, index: usize) -> Result<(), Refusal> {
        let moves = self.moves(index)?;
        self.put_all(moves);
        Ok(())
    }

    fn target(&self, depth: u32) -> Result<usize, Refusal> {
        self.control
            .len()
            .checked_sub(1 + depth as usize)
            .ok_or(Refusal::NotAModule)
    }

    fn use_label(&mut self, index: usize) -> Label {
        self.control[index].used = true;
        self.control[index].label
    }

    pub fn br(&mut self, depth: u32) -> Result<(), Refusal> {
        let index = self.target(depth)?;
        self.leave(index)?;
        let label = self.use_label(index);
        self.asm.jump(label);
        self.die();
        Ok(())
    }

    /// Code that follows cannot be reached.
    pub fn die(&mut self) {
        self.end_fuel();
        self.release();
        self.dead = true;
        self.dead_blocks = 0;
    }

    pub fn return_(&mut self) -> Result<(), Refusal> {
        let outermost = self.control.len().saturating_sub(1);
        self.br(outermost as u32)
    }

    pub fn br_if(&mut self, depth: u32, condition: Condition) -> Result<(), Refusal> {
        let index = self.target(depth)?;
        let moves = self.moves(index)?;
        let label = self.use_label(index);
        if moves.iter().all(|(place, loc)| self.lies(*place, *loc)) {
            self.asm
                .branch(condition.test, condition.a, condition.b, label);
        } else {
            let over = self.asm.label();
            let not = condition.inverted();
            self.asm.branch(not.test, not.a, not.b, over);
            self.put_all(moves);
            self.asm.jump(label);
            self.asm.bind(over);
        }
        self.release();
        self.begin_fuel();
        Ok(())
    }

    fn lies(&self, place: Place, loc: Loc) -> bool {
        match (place, loc) {
            (Place::Reg(to), Loc::Reg(from)) => to == from,
            (Place::Slot(to), Loc::Slot(from)) => to == from,
            _ => false,
        }
    }

    /// A table of jumps, entered by the index.
    pub fn br_table(&mut self, table: &BrTable<'_>) -> Result<(), Refusal> {
        if table.len() as usize > limits::BRANCH_TABLE_MAX {
            return Err(Refusal::Limit);
        }
        let selector = self.pop_reg()?;
        let mut ways = Vec::new();
        let mut known = BTreeMap::new();
        for depth in table.targets() {
            let depth = depth.map_err(|_| Refusal::NotAModule)?;
            let way = match known.get(&depth) {
                Some(way) => *way,
                None => self.way(depth)?,
            };
            known.insert(depth, way);
            ways.push(way);
            self.within_limits()?;
        }
        let other = self.way(table.default())?;
        self.asm.constant(T0, table.len());
        self.asm.branch(Test::Geu, selector, T0, other);
        // The four instructions from auipc on take 12 bytes up to the table.
        self.asm.word(encode::slli(T0, selector, 2));
        self.asm.word(encode::auipc(T1, 0));
        self.asm.word(encode::op(Op::Add, T0, T0, T1));
        self.asm.word(encode::jalr(ZERO, T0, 12));
        for way in ways {
            self.asm.jump(way);
        }
        self.die();
        Ok(())
    }

    /// A label that leads to the target with its values in place.
    fn way(&mut self, depth: u32) -> Result<Label, Refusal> {
        let index = self.target(depth)?;
        let moves = self.moves(index)?;
        let label = self.use_label(index);
        if moves.iter().all(|(place, loc)| self.lies(*place, *loc)) {
            return Ok(label);
        }
        let way = self.asm.label();
        self.out_of_line(|gen| {
            gen.asm.bind(way);
            gen.put_all(moves);
            gen.asm.jump(label);
        });
        Ok(way)
    }
}
