//! Errors, here and there.

use prefab_runtime::Error;
use std::fmt;

/// The layer's error for one of Prefab's: a trap, or what a host function of the layer's returned,
/// stands for itself.
pub(crate) fn to_layer(error: Error) -> anyhow::Error {
    match error {
        Error::Trap(trap) => trap.into(),
        Error::Host(host) => match host.into_source().downcast::<Returned>() {
            Ok(returned) => returned.0,
            Err(source) => anyhow::Error::from_boxed(source),
        },
        error => error.into(),
    }
}

/// Prefab's error for one that a host function of the layer's returned. One of Prefab's own stays
/// what it is, unless something was added to it.
pub(crate) fn from_layer(error: anyhow::Error) -> Error {
    let returned = |error| Error::host(Returned(error));
    match error
        .chain()
        .next()
        .is_some_and(|outermost| outermost.is::<Error>())
    {
        true => error.downcast().unwrap_or_else(returned),
        false => returned(error),
    }
}

/// What `result` has, of something that fails only for a handle of another store.
///
/// # Panics
/// With the error's text.
#[track_caller]
pub(crate) fn of_this_store<T>(result: Result<T, Error>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

/// What a host function of the layer's returned, on its way through the guest. An
/// [`anyhow::Error`] is no [`std::error::Error`].
#[derive(Debug)]
struct Returned(anyhow::Error);

impl fmt::Display for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Returned {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The error's own text is this one's.
        self.0.source()
    }
}
