//! Asynchronous host functions and calls (feature `async`).
//!
//! ```text
//!  awaiter's stack                                   fiber's stack
//!  call_async ─► OnFiber::poll ─── resume ─────────► call ─► guest ─► host function
//!                    │  ▲                                                  │ makes a future
//!                    │  └────────── suspend: here is what I wait for ──────┘
//!                    └─ polls that, until it is ready; then resumes
//! ```
//!
//! A guest that calls an asynchronous host function has to stop in the middle, so it runs on a
//! stack of its own. What it waits for is polled on the awaiter's stack: futures of the host never
//! run on a fiber, and a fiber is resumed only when it can go on.
//!
//! **What may lie on the stack of a suspended fiber** decides whether it can be sent to another
//! thread. It is only frames of guests, which have nothing to drop; frames of this crate; and the
//! future that is waited for, which the mode `Shared` asks to be `Send`. Other functions of the
//! host never lie there: while one runs, [`Exec::fiber`](crate::trap::Exec) is cleared, so that
//! what it calls cannot suspend the fiber below it. So the future of a call is `Send` exactly if
//! the store is.
//!
//! **A future that is dropped** midway drops what it waits for, and then resumes its fiber once
//! more, to be told that nobody waits: the guest is stopped as by a trap, since the frames of
//! guests cannot be unwound.
//!
//! **A future that is leaked** leaves its fiber suspended for ever. The part of the store's state that
//! belongs to an activation is exchanged whenever a fiber is polled or dropped, and back again
//! afterwards: between two polls the store's state is its awaiter's.
//!
//! | file | what it does |
//! | --- | --- |
//! | `stacks.rs` | stacks with guards, and the pool of them |
//! | `fiber.rs` | a fiber: resuming, suspending, cancelling |
//! | `future.rs` | the future that runs something of a store's on a fiber |
//! | `call.rs` | calls, instantiation and growth that wait |
//! | `wrap.rs` | asynchronous closures as host functions |

mod call;
mod fiber;
mod future;
mod stacks;
mod wrap;

pub(crate) use fiber::{Suspender, with_suspender, yield_now};
pub use stacks::AsyncStacks;
pub(crate) use stacks::DEFAULT_SIZE_BYTES;
