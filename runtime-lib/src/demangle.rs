//! Names of functions as their source has them.

use std::borrow::Cow;

/// The longest name that is shown demangled, in bytes. A short mangled name can stand for a very long one.
#[cfg(feature = "demangle")]
const SIZE_MAX_BYTES: usize = 4096;

/// The name that `name` stands for if it is a mangled name of Rust or C++, otherwise `name` itself. Without
/// the feature `demangle`, every name stays as it is.
#[must_use]
pub fn demangle(name: &str) -> Cow<'_, str> {
    #[cfg(feature = "demangle")]
    if let Some(found) = rust(name).or_else(|| cpp(name)) {
        return Cow::Owned(found);
    }
    Cow::Borrowed(name)
}

#[cfg(feature = "demangle")]
fn rust(name: &str) -> Option<String> {
    use std::fmt::Write;
    let found = rustc_demangle::try_demangle(name).ok()?;
    let mut out = Bounded::default();
    // The alternate form leaves out the hash.
    write!(out, "{found:#}").ok()?;
    Some(out.text)
}

#[cfg(feature = "demangle")]
fn cpp(name: &str) -> Option<String> {
    // Other names would be taken for those of types: `i` is `int`.
    if !name.starts_with("_Z") {
        return None;
    }
    let symbol = cpp_demangle::Symbol::new(name).ok()?;
    let mut out = Bounded::default();
    let options = cpp_demangle::DemangleOptions::new();
    symbol.structured_demangle(&mut out, &options).ok()?;
    Some(out.text)
}

/// Text that does not become longer than [`SIZE_MAX_BYTES`].
#[cfg(feature = "demangle")]
#[derive(Default)]
struct Bounded {
    text: String,
}

#[cfg(feature = "demangle")]
impl std::fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        if self.text.len() + text.len() > SIZE_MAX_BYTES {
            return Err(std::fmt::Error);
        }
        self.text.push_str(text);
        Ok(())
    }
}

#[cfg(all(test, feature = "demangle"))]
mod tests {
    use super::demangle;

    #[test]
    fn names() {
        for (mangled, name) in [
            (
                "_ZN4core9panicking5panic17h0123456789abcdefE",
                "core::panicking::panic",
            ),
            ("_RNvC6_123foo3bar", "123foo::bar"),
            ("_ZN3foo3barEi", "foo::bar(int)"),
            (
                "_ZNSt6vectorIiSaIiEE9push_backERKi",
                "std::vector<int, std::allocator<int> >::push_back(int const&)",
            ),
            ("main", "main"),
            ("i", "i"),
            ("_Z", "_Z"),
            ("_Znonsense", "_Znonsense"),
            ("", ""),
        ] {
            assert_eq!(demangle(mangled), name);
        }
    }

    /// Each parameter has twice the size of the one before.
    #[test]
    fn names_that_stand_for_very_long_ones_stay() {
        let doubled = |times: u32| {
            let digits = (0..times).map(|at| char::from_digit(at, 36).expect("below 36"));
            let types = digits.map(|at| at.to_ascii_uppercase());
            let types: String = types.map(|at| format!("S_IS{at}_S{at}_E")).collect();
            format!("_Z1f1AIiiE{types}")
        };
        assert_eq!(
            demangle(&doubled(1)),
            "f(A<int, int>, A<A<int, int>, A<int, int> >)"
        );
        let long = doubled(30);
        assert_eq!(demangle(&long), long);
    }
}
