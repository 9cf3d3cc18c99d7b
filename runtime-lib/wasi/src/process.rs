//! The program itself: `proc_exit`, `proc_raise`, `sched_yield`, `random_get`.

use rustix::io::retry_on_intr;
use rustix::rand::{GetRandomFlags, getrandom};

use crate::ctx::WasiCtx;
use crate::errno::Errno;
use crate::exit::Exit;
use crate::memory::GuestMemory;

/// What a signal does to a program that has no handler (WASI's `signal`).
enum Action {
    /// Nothing: `none` and the signals that are ignored by default.
    Nothing,
    /// It ends the program; with it, the signal's number on Linux.
    Terminate(u32),
    /// It stops the program until someone else lets it go on, which nobody could.
    Stop,
}

impl WasiCtx {
    /// Ends the program.
    pub fn proc_exit(&mut self, _mem: &mut GuestMemory<'_>, code: u32) -> Exit {
        Exit { code }
    }

    /// Raises a signal in the program. A program of WASI has no handlers, so every signal does
    /// what the specification gives as its action: those that end a program do so with exit code
    /// 128 and the signal's number.
    ///
    /// # Errors
    ///
    /// [`Exit`] if the signal ends the program; inside, [`Errno::Inval`] for an unknown signal and
    /// [`Errno::Notsup`] for one that stops the program.
    pub fn proc_raise(
        &mut self,
        _mem: &mut GuestMemory<'_>,
        signal: u32,
    ) -> Result<Result<(), Errno>, Exit> {
        match action(signal) {
            Ok(Action::Nothing) => Ok(Ok(())),
            Ok(Action::Terminate(number)) => Err(Exit { code: 128 + number }),
            Ok(Action::Stop) => Ok(Err(Errno::Notsup)),
            Err(errno) => Ok(Err(errno)),
        }
    }

    /// Lets other threads run.
    ///
    /// # Errors
    ///
    /// None.
    pub fn sched_yield(&mut self, _mem: &mut GuestMemory<'_>) -> Result<(), Errno> {
        rustix::thread::sched_yield();
        Ok(())
    }

    /// Fills `buf` with random bytes of the host's.
    ///
    /// # Errors
    ///
    /// [`Errno::Fault`] if the buffer is not inside the memory.
    pub fn random_get(
        &mut self,
        mem: &mut GuestMemory<'_>,
        buf: u32,
        buf_len: u32,
    ) -> Result<(), Errno> {
        let mut rest = mem.bytes_mut(buf, buf_len)?;
        while !rest.is_empty() {
            let done = retry_on_intr(|| getrandom(&mut *rest, GetRandomFlags::empty()))?;
            rest = rest.get_mut(done..).ok_or(Errno::Io)?;
        }
        Ok(())
    }
}

/// WASI numbers the signals from 1 to 30 in an order of its own.
fn action(signal: u32) -> Result<Action, Errno> {
    match signal {
        0 | 13 | 16 | 17 | 22 | 27 => Ok(Action::Nothing),
        // hup int quit ill trap abrt bus fpe kill usr1 segv usr2: the same numbers as on Linux.
        1..=12 => Ok(Action::Terminate(signal)),
        // alrm term
        14 | 15 => Ok(Action::Terminate(signal)),
        // stop tstp ttin ttou
        18..=21 => Ok(Action::Stop),
        // xcpu xfsz vtalrm prof: one above WASI's number.
        23..=26 => Ok(Action::Terminate(signal + 1)),
        // poll pwr sys, with winch (27) before them
        28..=30 => Ok(Action::Terminate(signal + 1)),
        _ => Err(Errno::Inval),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Snapshot;

    #[test]
    fn signals_do_what_the_specification_says() {
        let mut ctx = WasiCtx::builder().build().unwrap();
        let mut memory = GuestMemory::new(&mut [], Snapshot::Preview1);
        let mut raise = |signal| ctx.proc_raise(&mut memory, signal);
        assert_eq!(raise(0), Ok(Ok(())));
        assert_eq!(raise(6), Err(Exit { code: 134 }));
        assert_eq!(raise(13), Ok(Ok(())));
        assert_eq!(raise(15), Err(Exit { code: 143 }));
        assert_eq!(raise(18), Ok(Err(Errno::Notsup)));
        assert_eq!(raise(22), Ok(Ok(())));
        assert_eq!(raise(23), Err(Exit { code: 152 }));
        assert_eq!(raise(30), Err(Exit { code: 159 }));
        assert_eq!(raise(31), Ok(Err(Errno::Inval)));
    }
}
