//! `prefab link`: objects to a program of its own.

mod find;
mod fit;
mod main_c;

use super::error::{Failure, STANDARD};
use super::files::{self, Content};
use super::input::Input;
use super::inspect::artifact::Artifact;
use clap::Args;
use fit::{Interface, Part};
use main_c::Dir;
use object::{Object, ObjectSymbol};
use prefab_abi::meta::ModuleKind;
use prefab_abi::object::DESCRIPTOR_SYMBOL_PREFIX;
use prefab_targets::Target;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use tempfile::NamedTempFile;

/// Links objects and the runtime into a program: a WASI command, and what it imports from
#[derive(Debug, Args)]
pub(crate) struct LinkArgs {
    /// The objects; the one that exports _start is the program. The others are instantiated first,
    /// in this order, and what each exports can be imported by its file's name. - is standard input
    #[arg(value_name = "APP.o", required = true)]
    objects: Vec<PathBuf>,
    /// The program; - is standard output
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// What the objects are for: a triple, or an architecture's name; by default what they say
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Link the C library, too, so that the program needs no other file
    #[arg(long = "static")]
    is_static: bool,
    /// Have the program give its guest a directory when it runs; GUEST is what it is called there
    #[arg(long = "dir", value_name = "HOST[::GUEST]")]
    dirs: Vec<String>,
    /// The C compiler that links; by default CC_<triple> or <arch>-linux-gnu-gcc, and for this
    /// machine CC or cc
    #[arg(long, value_name = "PROGRAM")]
    cc: Option<OsString>,
    /// One more argument for the C compiler
    #[arg(long = "cc-arg", value_name = "ARG", allow_hyphen_values = true)]
    cc_args: Vec<OsString>,
    /// libprefab_rt.a for the target; by default PREFAB_RT, or beside this program
    #[arg(long, value_name = "LIB")]
    runtime: Option<PathBuf>,
}

/// What is known of an object.
struct LinkedObject {
    /// The copy of an object that came through a pipe: the C compiler opens its inputs by name.
    copy: Option<NamedTempFile>,
    name: String,
    target: &'static Target,
    is_command: bool,
    interface: Interface,
}

impl LinkArgs {
    /// Does it.
    ///
    /// # Errors
    /// If the objects make no program together, the C compiler or the runtime is not there, or
    /// linking fails.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let objects = self.objects.iter().map(|path| read(path));
        let objects: Vec<LinkedObject> = objects.collect::<Result<_, _>>()?;
        let target = self.check(&objects)?;
        self.fit(&objects)?;
        let compiler = find::compiler(self.cc.as_deref(), target)?;
        let runtime = find::runtime(self.runtime.as_deref(), target)?;
        let names = objects.iter().map(|object| object.name.as_str());
        let dirs = self.dirs.iter().map(|dir| Dir::new(dir));
        let source = main_c::source(names, dirs);
        self.link(&compiler, &runtime, &objects, &source)?;
        Ok(ExitCode::SUCCESS)
    }

    /// What all objects are for, if they make a program together.
    fn check(&self, objects: &[LinkedObject]) -> Result<&'static Target, Failure> {
        let fail = |at: usize, message: String| Err(Failure::of(&self.objects[at], message));
        let target = match &self.target {
            Some(name) => {
                Target::from_triple(name).map_err(|error| Failure::new(error.to_string()))?
            }
            None => objects[0].target,
        };
        let mut command = None;
        for (at, object) in objects.iter().enumerate() {
            if object.target != target {
                let (is, wanted) = (object.target.triple(), target.triple());
                return fail(
                    at,
                    format!("the object is for {is}, but the program is for {wanted}"),
                );
            }
            if let Some(other) = objects[..at]
                .iter()
                .position(|other| other.name == object.name)
            {
                let other = self.objects[other].display();
                let name = &object.name;
                return fail(
                    at,
                    format!("its module is called {name}, as that of {other} is"),
                );
            }
            if !object.is_command {
                continue;
            }
            if let Some(other) = command.replace(at) {
                let other = self.objects[other].display();
                return fail(at, format!("a second program: {other} exports _start, too"));
            }
        }
        match command {
            Some(_) => Ok(target),
            None => {
                let message = "this is no program (it exports no _start): link it with a C program, \
                               by the header that prefab compile --header writes";
                fail(0, message.to_owned())
            }
        }
    }

    /// Checks that each object finds what it imports.
    fn fit(&self, objects: &[LinkedObject]) -> Result<(), Failure> {
        let parts: Vec<Part<'_>> = self.objects.iter().zip(objects).map(part).collect();
        let problems = fit::problems(&parts);
        if problems.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!(
            "the objects make no program together:\n  {}\n\
             What a module imports is provided by WASI, or by an object that stands before it and is \
             named like the module that it imports from (`lib.o` provides \"lib\" …). What a C program \
             provides is linked with it instead: see `prefab compile --header`.",
            problems.join("\n  ")
        )))
    }

    /// Has the C compiler link everything into a temporary file, which becomes the program.
    fn link(
        &self,
        compiler: &[OsString],
        runtime: &Path,
        objects: &[LinkedObject],
        source: &str,
    ) -> Result<(), Failure> {
        let fail = |error: io::Error| Failure::output(&self.output, &error);
        // A pipe or device gets a copy of a program that is linked elsewhere.
        let elsewhere = match files::is_in_place(&self.output) {
            true => Some(tempfile::tempdir().map_err(fail)?),
            false => None,
        };
        let program = match &elsewhere {
            Some(folder) => folder.path().join("program"),
            None => prefab_compiler::files::temporary(&self.output).map_err(fail)?,
        };
        let mut command = Command::new(&compiler[0]);
        command
            .args(&compiler[1..])
            .args(["-x", "c", "-", "-x", "none"])
            .args(self.objects.iter().zip(objects).map(|(path, object)| {
                let copy = object.copy.as_ref().map(NamedTempFile::path);
                copy.unwrap_or(path)
            }))
            .arg(runtime)
            .args(self.is_static.then_some("-static"))
            .args(["-Wl,--gc-sections", "-lpthread", "-ldl", "-lm"])
            .args(&self.cc_args)
            .arg("-o")
            .arg(&program);
        let linked = run(&mut command, source).and_then(|()| match &elsewhere {
            Some(_) => {
                let bytes = fs::read(&program).map_err(fail)?;
                files::write(&self.output, &bytes, Content::Binary)
            }
            None => fs::rename(&program, &self.output).map_err(fail),
        });
        if linked.is_err() {
            // The first error is the one to report; there may be no file.
            let _ = fs::remove_file(&program);
        }
        linked
    }
}

fn part<'a>((path, object): (&PathBuf, &'a LinkedObject)) -> Part<'a> {
    Part {
        file: path.display().to_string(),
        name: &object.name,
        is_command: object.is_command,
        interface: &object.interface,
    }
}

/// Runs the C compiler, with the program's source as its input.
fn run(command: &mut Command, source: &str) -> Result<(), Failure> {
    let program = PathBuf::from(command.get_program());
    let fail = |error: std::io::Error| Failure::io(&program, "cannot be run", &error);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(fail)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A compiler that does not read it says why when it ends.
        let _ = stdin.write_all(source.as_bytes());
    }
    let output = child.wait_with_output().map_err(fail)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let message = format!("linking failed ({}):\n{}", output.status, said.trim_end());
    Err(Failure::of(&program, message))
}

/// Reads an object.
fn read(path: &Path) -> Result<LinkedObject, Failure> {
    let input = Input::open(path)?;
    let is_regular = input.is_regular();
    let bytes = input.bytes()?;
    let artifact = Artifact::new(&bytes).map_err(|message| Failure::of(path, message))?;
    let mut symbols = artifact.elf.symbols().filter(ObjectSymbol::is_definition);
    let name = symbols.find_map(|symbol| {
        let name = symbol.name().ok()?;
        Some(name.strip_prefix(DESCRIPTOR_SYMBOL_PREFIX)?.to_owned())
    });
    let interface = Interface::new(&artifact.meta, artifact.note.assumptions());
    let interface = interface.map_err(|error| Failure::of(path, error.to_string()))?;
    let message = || Failure::of(path, format!("no symbol {DESCRIPTOR_SYMBOL_PREFIX}<name>"));
    let copy = match is_regular && path != Path::new(STANDARD) {
        true => None,
        false => Some(copy(&bytes).map_err(|error| Failure::io(path, "cannot be copied", &error))?),
    };
    Ok(LinkedObject {
        copy,
        name: name.ok_or_else(message)?,
        target: artifact.target,
        is_command: artifact.meta.kind() == ModuleKind::Command,
        interface,
    })
}

/// A temporary file with the contents `bytes`.
fn copy(bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new().suffix(".o").tempfile()?;
    file.write_all(bytes)?;
    Ok(file)
}
