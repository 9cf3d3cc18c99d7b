//! The modules that running a script asks for.

use crate::{Failure, line, with_script};
use wast::{QuoteWat, WastDirective, WastExecute};

/// A module that a directive defines in order to run it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The directive's line in the script, counted from 1.
    pub line: usize,
    /// The module in the binary format, or why the text is none.
    pub wasm: Result<Vec<u8>, String>,
}

/// The modules that the script `text` asks for when it runs, in its order: all but those that have to
/// be refused.
///
/// # Errors
/// If the text is no script.
pub fn definitions(text: &str) -> Result<Vec<Definition>, Failure> {
    with_script(text, |script| {
        let mut found = Vec::new();
        for directive in script.directives {
            let line = line(text, directive.span());
            let mut module = match directive {
                WastDirective::Module(module) | WastDirective::ModuleDefinition(module) => module,
                WastDirective::AssertUnlinkable { module, .. }
                | WastDirective::AssertTrap {
                    exec: WastExecute::Wat(module),
                    ..
                }
                | WastDirective::AssertReturn {
                    exec: WastExecute::Wat(module),
                    ..
                } => QuoteWat::Wat(module),
                _ => continue,
            };
            let wasm = module.encode().map_err(|error| error.message());
            found.push(Definition { line, wasm });
        }
        Ok(found)
    })
}

#[cfg(test)]
mod tests {
    use super::definitions;
    use crate::{Modules, QuoteWat, Refusal, run};
    use prefab_runtime::Module;

    const SCRIPT: &str = r#"
(module $a)
(module definition $b (func))
(assert_invalid (module (func (result i32))) "type mismatch")
(assert_malformed (module quote "(func") "unexpected token")
(module quote "(memory 1)")
(assert_unlinkable (module (import "a" "b" (func))) "unknown import")
(assert_trap (module (func unreachable) (start 0)) "unreachable")
(module binary "\00asm")
(register "a" $a)
(invoke "f")
(assert_return (invoke "f"))
(assert_trap (invoke "f") "unreachable")
"#;

    /// Has none, and counts how often it was asked.
    struct Counting(Vec<Vec<u8>>, bool);

    impl Modules for Counting {
        fn module(&mut self, module: &mut QuoteWat<'_>) -> Result<Module, Refusal> {
            let wasm = module.encode();
            self.0.extend(wasm.ok());
            Err(Refusal::Binary("type mismatch".to_owned()))
        }

        fn compiles(&self) -> bool {
            self.1
        }
    }

    #[test]
    fn running_asks_for_just_these() {
        let found = definitions(SCRIPT).unwrap();
        let lines: Vec<usize> = found.iter().map(|definition| definition.line).collect();
        assert_eq!(lines, [2, 3, 6, 7, 8, 9]);
        let all: Vec<Vec<u8>> = found.into_iter().map(|it| it.wasm.unwrap()).collect();
        let mut modules = Counting(Vec::new(), false);
        let outcome = run(SCRIPT, &mut modules, false).unwrap();
        assert_eq!(modules.0, all);
        assert_eq!((outcome.passed, outcome.passed_over), (0, vec![4, 5]));
        let lines: Vec<usize> = outcome.failures.iter().map(|it| it.line).collect();
        assert_eq!(lines, [2, 3, 6, 7, 8, 9, 10, 11, 12, 13]);
    }

    #[test]
    fn a_compiler_is_asked_for_what_has_to_be_refused_too() {
        let mut modules = Counting(Vec::new(), true);
        let outcome = run(SCRIPT, &mut modules, false).unwrap();
        assert_eq!((outcome.passed, outcome.passed_over), (1, vec![]));
        assert_eq!(modules.0.len(), 7);
    }
}
