//! The functions of WASI as a guest calls them: by number, on its memory, with real files, pipes
//! and sockets of the host's.

mod descriptors;
mod escape;
mod files;
mod guest;
mod malformed;
mod paths;
mod poll;
mod preview0;
mod process;
mod readdir;
mod sock;
mod spellings;
mod stdio;
