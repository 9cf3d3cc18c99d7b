//! `prefab compile --header`: a C header with a typed function for each export of a module, and a
//! declaration for each import that the C program has to implement.

mod interface;
mod names;
mod print;

use super::error::Failure;
use super::inspect::artifact::Artifact;
use interface::Interface;
pub(crate) use names::literal;
use std::path::Path;

/// The header of the module that `object` is, which was compiled as `name` from the file `path`.
///
/// # Errors
/// If the object is not one that Prefab's compiler made.
pub(super) fn header(path: &Path, name: &str, object: &[u8]) -> Result<String, Failure> {
    let fail = |message: String| Failure::of(path, message);
    let artifact = Artifact::new(object).map_err(fail)?;
    let interface =
        Interface::new(name, &artifact.meta).map_err(|error| fail(error.to_string()))?;
    Ok(print::print(&interface))
}
