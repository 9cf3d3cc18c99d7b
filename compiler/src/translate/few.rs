//! Indirect calls of one of few functions, which a static table says: comparisons and direct calls.

use super::FuncTranslator;
use crate::codegen::abi::Symbol;
use crate::error::CompileError;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, Value};
use prefab_abi::types::FuncType;
use std::ops::RangeInclusive;

/// A call of one of few functions of a type.
struct Choice<'a> {
    ty: &'a FuncType,
    /// Which of them, by the numbers in front of them.
    index: Value,
    args: &'a [Value],
    /// Where it goes on with the results; `None` for a tail call.
    done: Option<Block>,
    /// Where it goes on if `index` is none of the numbers.
    other: Block,
}

/// How many functions are worth more code outside of loops: code for two is hardly longer than for any.
const FEW_OUTSIDE_LOOPS: usize = 2;

impl<'a> FuncTranslator<'a, '_> {
    /// The functions that an indirect call can be of, by their indices in the table, if they are so few
    /// that the index is compared.
    pub fn few(&self, table: u32, type_index: u32) -> Option<&'a [(u32, u32)]> {
        let canonical = self.env.module.canonical_types[type_index as usize];
        let few = self
            .env
            .plan
            .static_tables
            .get(&table)?
            .few
            .get(&canonical)?;
        let is_worth_it = few.len() <= FEW_OUTSIDE_LOOPS || self.is_in_loop();
        (self.env.passes.are_all() && is_worth_it).then_some(few)
    }

    /// Calls the function of `few`, in which each has a number in front of it, that has the number
    /// `index`. The current block is then where it goes on, cold, if none has.
    pub fn call_one_of(
        &mut self,
        few: &[(u32, u32)],
        ty: &FuncType,
        index: Value,
        args: &[Value],
        is_tail: bool,
    ) -> Result<Option<Block>, CompileError> {
        let done = (!is_tail).then(|| self.builder.create_block());
        for ty in self.env.passed.all_types(ty.results()) {
            done.map(|done| self.builder.append_block_param(done, ty));
        }
        let choice = Choice {
            ty,
            index,
            args,
            done,
            other: self.builder.create_block(),
        };
        let possible = self.possible(few, &choice);
        self.choose(few, &choice, possible)?;
        self.builder.set_cold_block(choice.other);
        self.builder.seal_block(choice.other);
        self.builder.switch_to_block(choice.other);
        Ok(done)
    }

    /// What `index` can be. If the numbers follow each other that is made sure of at once, not for
    /// each of them.
    fn possible(&mut self, few: &[(u32, u32)], choice: &Choice<'_>) -> RangeInclusive<u32> {
        let [(first, _), .., (last, _)] = *few else {
            return 0..=u32::MAX;
        };
        if (last - first) as usize + 1 != few.len() {
            return 0..=u32::MAX;
        }
        let from_first = match first {
            0 => choice.index,
            _ => self
                .builder
                .ins()
                .iadd_imm_s(choice.index, -i64::from(first)),
        };
        let outside = self.is_number(IntCC::UnsignedGreaterThan, from_first, last - first);
        let next = self.builder.create_block();
        let other = choice.other;
        self.builder.ins().brif(outside, other, [], next, []);
        self.continue_in(next);
        first..=last
    }

    fn choose(
        &mut self,
        few: &[(u32, u32)],
        choice: &Choice<'_>,
        possible: RangeInclusive<u32>,
    ) -> Result<(), CompileError> {
        if let [(number, func)] = *few {
            if possible != (number..=number) {
                let same = self.is_number(IntCC::Equal, choice.index, number);
                let this = self.builder.create_block();
                let other = choice.other;
                self.builder.ins().brif(same, this, [], other, []);
                self.continue_in(this);
            }
            return self.call_chosen(func, choice);
        }
        let (below, above) = few.split_at(few.len() / 2);
        let middle = above[0].0;
        let [lower, upper] = [(); 2].map(|()| self.builder.create_block());
        let is_below = self.is_number(IntCC::UnsignedLessThan, choice.index, middle);
        self.builder.ins().brif(is_below, lower, [], upper, []);
        self.continue_in(lower);
        self.choose(below, choice, *possible.start()..=middle - 1)?;
        self.continue_in(upper);
        self.choose(above, choice, middle..=*possible.end())
    }

    fn is_number(&mut self, condition: IntCC, index: Value, number: u32) -> Value {
        let number = i64::from(number);
        self.builder.ins().icmp_imm_u(condition, index, number)
    }

    fn continue_in(&mut self, block: Block) {
        self.builder.switch_to_block(block);
        self.builder.seal_block(block);
    }

    fn call_chosen(&mut self, func: u32, choice: &Choice<'_>) -> Result<(), CompileError> {
        if let Some(done) = choice.done
            && self.is_inlined(func)
        {
            return self.inline_chosen(func, choice, done);
        }
        let passed = self.env.passed;
        let callee = self.func_ref(Symbol::Func(func), || passed.guest_signature(choice.ty));
        let args = [&[self.context], choice.args].concat();
        let Some(done) = choice.done else {
            self.builder.ins().return_call(callee, &args);
            return Ok(());
        };
        let call = self.builder.ins().call(callee, &args);
        let results = self.builder.inst_results(call);
        let results: Vec<BlockArg> = results.iter().copied().map(BlockArg::from).collect();
        self.builder.ins().jump(done, &results);
        Ok(())
    }

    fn inline_chosen(
        &mut self,
        func: u32,
        choice: &Choice<'_>,
        done: Block,
    ) -> Result<(), CompileError> {
        let args = self.received(choice.ty.params(), choice.args);
        self.inline(func, args)?;
        if self.reachable {
            let results = choice.ty.results();
            let values = self.pop_many(results.len());
            let values = self.passed(results, &values);
            let values: Vec<BlockArg> = values.into_iter().map(BlockArg::from).collect();
            self.builder.ins().jump(done, &values);
        }
        // The other functions can be reached.
        self.reachable = true;
        Ok(())
    }
}
