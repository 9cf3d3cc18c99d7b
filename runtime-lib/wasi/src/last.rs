//! How a path ends. Linux decides by the last component, and by slashes after it, what a call does;
//! `cap-std` drops a `.` and slashes at the end of a path where it looks for a name itself.

use cap_std::fs::Dir;

use crate::errno::Errno;

/// The end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last<'a> {
    /// A name.
    Name {
        /// The path up to the end of the name.
        path: &'a str,
        /// Whether slashes follow: then only a directory can be meant.
        has_slash: bool,
    },
    /// `.`
    Dot,
    /// `..`
    DotDot,
}

impl<'a> Last<'a> {
    pub(crate) fn of(path: &'a str) -> Last<'a> {
        let trimmed = path.trim_end_matches('/');
        match trimmed.rsplit('/').next() {
            Some(".") => Last::Dot,
            Some("..") => Last::DotDot,
            // Only slashes. That is absolute, and no name.
            Some("") | None => Last::Name {
                path,
                has_slash: false,
            },
            Some(_) => Last::Name {
                path: trimmed,
                has_slash: trimmed.len() < path.len(),
            },
        }
    }

    /// Whether a look-up follows a symbolic link at the end, even if it is asked not to: what comes
    /// after the name is looked up in the directory.
    pub(crate) fn always_follows(self) -> bool {
        !matches!(
            self,
            Last::Name {
                has_slash: false,
                ..
            }
        )
    }
}

/// The path of a link that a call creates, without slashes.
///
/// # Errors
///
/// What the host says of the path's directory; [`Errno::Exist`] if something has the name;
/// [`Errno::Noent`] if nothing has it and the path ends with a slash.
pub(crate) fn new_link<'a>(dir: &Dir, path: &'a str) -> Result<&'a str, Errno> {
    match Last::of(path) {
        Last::Name { path, has_slash } => {
            if has_slash {
                // Fails with the right error if there is nothing.
                dir.symlink_metadata(path)?;
                return Err(Errno::Exist);
            }
            Ok(path)
        }
        Last::Dot | Last::DotDot => {
            dir.metadata(path)?;
            Err(Errno::Exist)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_paths() {
        let name = |path, has_slash| Last::Name { path, has_slash };
        for (path, last) in [
            ("a", name("a", false)),
            ("a/b", name("a/b", false)),
            ("a/b//", name("a/b", true)),
            ("./a", name("./a", false)),
            ("a/.b", name("a/.b", false)),
            ("a.", name("a.", false)),
            ("...", name("...", false)),
            ("/", name("/", false)),
            (".", Last::Dot),
            ("a/.", Last::Dot),
            ("a/.//", Last::Dot),
            ("..", Last::DotDot),
            ("a/../", Last::DotDot),
        ] {
            assert_eq!(Last::of(path), last, "{path}");
            let follows = last != name(path, false);
            assert_eq!(last.always_follows(), follows, "{path}");
        }
    }
}
