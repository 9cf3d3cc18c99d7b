//! The note: is it true?

use super::Findings;
use crate::cli::inspect::artifact::Artifact;
use crate::cli::inspect::report::hex;
use prefab_abi::ABI_REVISION;
use prefab_abi::object::SECTION_NOTE;
use prefab_targets::{FeatureSet, Target};

pub(super) fn check(artifact: &Artifact<'_>, findings: &mut Findings) {
    let note = &artifact.note;
    let mut problem = |message: String| findings.problem(SECTION_NOTE, None, message);
    if note.abi_revision != ABI_REVISION {
        problem(format!(
            "ABI revision {}: this program checks revision {ABI_REVISION}",
            note.abi_revision
        ));
    }
    match Target::from_triple(&note.target) {
        Ok(target) if target == artifact.target => {}
        Ok(_) => problem(format!(
            "the target is {:?}, but the file is one for {}",
            note.target, artifact.target
        )),
        Err(error) => problem(error.to_string()),
    }
    let names = note.cpu_features.iter().map(String::as_str);
    if let Err(error) = FeatureSet::from_names(artifact.target, names) {
        problem(error.to_string());
    }
    if note.page_size != artifact.target.page_size() {
        problem(format!(
            "the page size is {}, not the target's {}",
            note.page_size,
            artifact.target.page_size()
        ));
    }
    match artifact.content_sha256() {
        Ok(hash) if hash == note.content_sha256 => {}
        Ok(hash) => problem(format!(
            "the content's SHA-256 is {}, but the note says {}",
            hex(&hash),
            hex(&note.content_sha256)
        )),
        Err(error) => problem(error),
    }
}
