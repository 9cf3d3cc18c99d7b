//! A library with a module in it, for its own program, its tests, its example, and for others.

pub mod everything {
    //! Every kind of import and export.
    include!(concat!(env!("OUT_DIR"), "/everything.rs"));
}
