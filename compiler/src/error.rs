//! Why a module was not compiled.

use std::fmt;

/// Why a module was not compiled.
///
/// Prints as `message (at offset 0x1f3, func 12 <name>)`, with as much of the place as is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    message: String,
    offset: Option<u64>,
    func: Option<(u32, Option<String>)>,
    cause: Option<CompileError>,
}

impl CompileError {
    /// An error about the module as a whole.
    pub fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            message: message.into(),
            offset: None,
            func: None,
            cause: None,
        }))
    }

    /// An error about what stands at `offset` in the module, in bytes.
    pub fn at(offset: u64, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            message: message.into(),
            offset: Some(offset),
            func: None,
            cause: None,
        }))
    }

    /// The same error, in the function of this index and name.
    #[must_use]
    pub fn in_func(mut self, index: u32, name: Option<&str>) -> Self {
        self.0
            .func
            .get_or_insert_with(|| (index, name.map(str::to_string)));
        self
    }

    /// The same error, as the explanation of another.
    #[must_use]
    pub(crate) fn caused_by(mut self, cause: CompileError) -> Self {
        self.0.cause = Some(cause);
        self
    }

    /// The validator's first error, if this error explains it by the features that the module needs.
    #[must_use]
    pub fn cause(&self) -> Option<&CompileError> {
        self.0.cause.as_ref()
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where in the module it is wrong, in bytes from its start.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// The index and the name of the function that it is wrong in.
    #[must_use]
    pub fn func(&self) -> Option<(u32, Option<&str>)> {
        self.0
            .func
            .as_ref()
            .map(|(index, name)| (*index, name.as_deref()))
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        let mut separator = " (";
        if let Some(offset) = self.0.offset {
            write!(f, "{separator}at offset {offset:#x}")?;
            separator = ", ";
        }
        if let Some((index, name)) = &self.0.func {
            write!(f, "{separator}func {index}")?;
            if let Some(name) = name {
                write!(f, " <{name}>")?;
            }
            separator = ", ";
        }
        f.write_str(if separator == " (" { "" } else { ")" })
    }
}

impl std::error::Error for CompileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause().map(|cause| cause as _)
    }
}
