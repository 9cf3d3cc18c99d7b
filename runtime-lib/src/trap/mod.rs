//! What stops a guest, and where the host goes on.
//!
//! ```text
//! Exec::enter ─► entry trampoline ─► guest ─► … ─► fault            ─► handler ─┐
//!      ▲               │  ▲                    └─► stub ─► runtime  ─► raise   ─┤
//!      └── Stopped ◄───┘  └─────────────────── the trampoline's landing ◄───────┘
//! ```
//!
//! | file | what it does |
//! | --- | --- |
//! | `exec.rs` | [`Exec`]: the state of one store's execution |
//! | `enter.rs` | entering a guest, and what to put back after |
//! | `handler.rs` | the signal handler: which faults are the guest's; the handlers before ours |
//! | `raise.rs` | the runtime functions `trap` and `raise` |
//! | `thread.rs` | a thread's stack bounds and its signal stack |
//! | `backtrace.rs` | walking a guest's frames, and what they are called |

mod backtrace;
mod enter;
mod exec;
mod handler;
mod raise;
#[cfg(test)]
mod tests;
mod thread;

pub(crate) use backtrace::Backtrace;
pub use backtrace::{Frame, Trap};
#[cfg(feature = "async")]
pub(crate) use enter::Running;
pub(crate) use enter::{Execution, Outermost, Stopped};
pub(crate) use exec::{Code, Exec, Pending};
pub(crate) use raise::{prefab_rt_raise, prefab_rt_trap, raise};
