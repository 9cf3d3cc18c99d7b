//! A limiter that borrows from the data cannot be kept beyond a question.

use prefab_runtime::{Error, ResourceLimiter, Store};
use std::sync::Mutex;

struct Budget(u64);

impl ResourceLimiter for Budget {
    fn memory_growing(&mut self, from: u64, to: u64, _: Option<u64>) -> Result<bool, Error> {
        let more = to - from;
        let is_allowed = more <= self.0;
        self.0 -= if is_allowed { more } else { 0 };
        Ok(is_allowed)
    }

    fn table_growing(&mut self, _: u64, _: u64, _: Option<u64>) -> Result<bool, Error> {
        Ok(true)
    }
}

static KEPT: Mutex<Option<&'static mut Budget>> = Mutex::new(None);

fn main() {
    let mut store = Store::new(Budget(1));
    store.limiter(|budget| {
        *KEPT.lock().unwrap() = Some(budget);
        budget
    });
}
