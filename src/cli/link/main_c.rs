//! The `main` of a linked program, in C.

use crate::cli::header::literal;
use std::fmt::Write;

/// A directory that a program gives its guest.
pub(super) struct Dir<'a> {
    host: &'a str,
    guest: &'a str,
}

impl<'a> Dir<'a> {
    /// What `HOST[::GUEST]` says.
    pub fn new(option: &'a str) -> Self {
        let (host, guest) = option.split_once("::").unwrap_or((option, option));
        Self { host, guest }
    }
}

/// The declarations are those of `prefab.h`, which need not be there.
const DECLARATIONS: &str = "\
struct module { const char *name, *descriptor; };
struct dir { const char *host, *guest; };
struct program {
    const struct module *modules;
    unsigned long module_count;
    const struct dir *dirs;
    unsigned long dir_count;
};
int prefab_main(const struct program *program, int argc, char **argv);
";

/// A program of the modules of these names, which gives its guest these directories.
pub(super) fn source<'a>(
    names: impl Iterator<Item = &'a str>,
    dirs: impl Iterator<Item = Dir<'a>>,
) -> String {
    let mut out = DECLARATIONS.to_owned();
    let (mut modules, mut module_count) = (String::new(), 0);
    for name in names {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "extern const char prefab_module_{name}[];");
        let _ = write!(modules, " {{ {}, prefab_module_{name} }},", literal(name));
        module_count += 1;
    }
    let (mut list, mut dir_count) = (String::new(), 0);
    for dir in dirs {
        let _ = write!(
            list,
            " {{ {}, {} }},",
            literal(dir.host),
            literal(dir.guest)
        );
        dir_count += 1;
    }
    out + &format!(
        "static const struct module modules[] = {{{modules} }};\n\
         static const struct dir dirs[] = {{{list} {{ 0, 0 }} }};\n\
         static const struct program program = {{ modules, {module_count}, dirs, {dir_count} }};\n\
         int main(int argc, char **argv) {{ return prefab_main(&program, argc, argv); }}\n"
    )
}
