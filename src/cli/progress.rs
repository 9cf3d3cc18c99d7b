//! A progress bar, for compilations that take a while, on a terminal only.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long a compilation may take before anybody wants to see a bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// The progress of one compilation.
pub(super) struct Progress {
    started: Instant,
    terminal: bool,
    bar: OnceLock<ProgressBar>,
}

impl Progress {
    /// The progress of a compilation that starts now.
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            terminal: std::io::stderr().is_terminal(),
            bar: OnceLock::new(),
        }
    }

    /// Notes that `done` of `total` functions are compiled.
    pub(super) fn set(&self, done: usize, total: usize) {
        if self.terminal && self.started.elapsed() > PATIENCE {
            self.bar
                .get_or_init(|| bar(total).with_elapsed(self.started.elapsed()))
                .set_position(done as u64);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

fn bar(total: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("compiling [{bar:32}] {pos}/{len} functions, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
