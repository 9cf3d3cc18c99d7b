//! A batch of scripts: its modules compiled to objects, and the table of them for the program.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use prefab::CompileOptions;
use prefab::targets::Target;
use prefab::wast::{self, Definition};

/// A script of the suite.
#[derive(Clone)]
pub struct Script {
    /// Its folder and its name.
    pub path: String,
    pub text: &'static str,
    /// The features of WebAssembly that it is for.
    pub features: &'static str,
    /// The lines of the directives that cannot hold.
    pub superseded: Vec<usize>,
}

/// What the objects, the scripts and the table of them are called in a folder.
pub const OBJECTS: &str = "objects.rsp";
pub const TABLE: &str = "table.c";

/// Writes the scripts, their modules' objects, the list of these for a linker, and the table of all to
/// `folder`. Returns how many modules were compiled.
pub fn write(scripts: &[Script], target: &'static Target, folder: &Path) -> Result<usize> {
    let mut objects = String::new();
    let mut table = Table::default();
    let mut count = 0;
    for (index, script) in scripts.iter().enumerate() {
        let path = folder.join(&script.path);
        fs::create_dir_all(path.parent().context("scripts lie in folders")?)?;
        fs::write(path, script.text)?;
        let mut names = Vec::new();
        for (definition, number) in definitions(script)?.into_iter().zip(0..) {
            let name = format!("s{index}_{number}");
            let line = definition.line;
            let is_there = match compile(script, target, definition, &name)? {
                Ok(object) => {
                    fs::write(folder.join(format!("{name}.o")), object)?;
                    writeln!(objects, "{name}.o")?;
                    count += 1;
                    true
                }
                Err(_) if script.superseded.contains(&line) => false,
                Err(message) => bail!("{}:{line}: {message}", script.path),
            };
            names.push((name, is_there));
        }
        table.push(&script.path, &names)?;
    }
    fs::write(folder.join(OBJECTS), objects)?;
    fs::write(folder.join(TABLE), table.finish())?;
    Ok(count)
}

fn definitions(script: &Script) -> Result<Vec<Definition>> {
    wast::definitions(script.text)
        .map_err(|failure| anyhow::anyhow!("{}:{}: {}", script.path, failure.line, failure.message))
}

/// The object, or why the module was refused.
fn compile(
    script: &Script,
    target: &'static Target,
    definition: Definition,
    name: &str,
) -> Result<Result<Vec<u8>, String>> {
    let mut options = CompileOptions::new(target);
    options.jobs = Some(1);
    options.wasm_features = wast::parse_features(script.features)?;
    name.clone_into(&mut options.name);
    Ok(definition.wasm.and_then(|wasm| {
        prefab::compile(&wasm, &options, &|_, _| ()).map_err(|error| error.to_string())
    }))
}

/// The table of scripts and modules, in C.
#[derive(Default)]
struct Table {
    declarations: String,
    modules: String,
    scripts: String,
    scripts_len: usize,
}

impl Table {
    /// Adds a script, with the names of its modules and whether they were compiled.
    fn push(&mut self, path: &str, modules: &[(String, bool)]) -> Result<()> {
        let index = self.scripts_len;
        self.scripts_len += 1;
        writeln!(
            self.modules,
            "static const struct module modules_{index}[] = {{"
        )?;
        for (name, is_there) in modules {
            let descriptor = if *is_there {
                let symbol = format!("prefab_module_{name}");
                writeln!(self.declarations, "extern const unsigned char {symbol}[];")?;
                symbol
            } else {
                "NULL".to_owned()
            };
            writeln!(self.modules, "  {{\"{name}\", {descriptor}}},")?;
        }
        // C has no empty arrays.
        writeln!(self.modules, "  {{NULL, NULL}}\n}};")?;
        let len = modules.len();
        writeln!(self.scripts, "  {{\"{path}\", modules_{index}, {len}}},")?;
        Ok(())
    }

    fn finish(self) -> String {
        let Self {
            declarations,
            modules,
            scripts,
            ..
        } = self;
        format!(
            "#include <stddef.h>\n\
             struct module {{ const char *name; const unsigned char *descriptor; }};\n\
             struct script {{ const char *path; const struct module *modules; size_t modules_len; }};\n\
             {declarations}{modules}static const struct script scripts[] = {{\n{scripts}}};\n\
             extern int prefab_linked_suite(const struct script *scripts, size_t scripts_len);\n\
             int main(void) {{\n  \
             return prefab_linked_suite(scripts, sizeof scripts / sizeof scripts[0]);\n}}\n"
        )
    }
}
