//! How much a program may execute, and how long.

use super::{Host, Program, Stop, output};
use crate::Store;
use std::thread;
use std::time::Duration;

/// How long a program may take to stop that is in the middle of something of the host's.
const GRACE: Duration = Duration::from_secs(1);

/// A number of seconds, such as `5` or `0.5`.
///
/// # Errors
/// If it is none.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: Option<f64> = text.parse().ok();
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "it is a number of seconds, such as 5 or 0.5".to_string())
}

impl Program {
    /// Gives the store's guests what they may use. The time runs from now on.
    pub(super) fn limit(&self, store: &mut Store<Host>) -> Result<(), Stop> {
        if let Some(fuel) = self.fuel {
            store.set_fuel(fuel)?;
        }
        let Some(timeout) = self.timeout else {
            return Ok(());
        };
        let handle = store.interrupt_handle()?;
        let failure = self.failure(format!(
            "the program still waits for the host {} seconds after its time was up",
            GRACE.as_secs()
        ));
        // The thread ends with the process.
        thread::spawn(move || {
            thread::sleep(timeout);
            handle.interrupt();
            thread::sleep(GRACE);
            output::print_error(&failure);
            std::process::exit(super::TRAPPED.into());
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::seconds;
    use std::time::Duration;

    #[test]
    fn numbers_of_seconds() {
        assert_eq!(seconds("5"), Ok(Duration::from_secs(5)));
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        for wrong in ["", "-1", "inf", "NaN", "5s", "1e99"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
