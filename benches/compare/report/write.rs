//! Where the report goes: figures into `docs/performance/results.json`, a chart per group beside them, and the
//! tables into `docs/performance.md`.

use super::{Report, chart, goals, markdown};
use anyhow::{Context as _, Result};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The tables stand between these lines.
const BEGIN: &str = "<!-- measured: begin -->\n";
const END: &str = "<!-- measured: end -->\n";

impl Report {
    /// Puts what was measured in place of what was there of the same groups.
    ///
    /// # Errors
    /// If files cannot be read or written, or the page lacks the lines that the tables stand between.
    pub fn write(mut self, docs: &Path) -> Result<()> {
        let (folder, page) = (docs.join("performance"), docs.join("performance.md"));
        let results = folder.join("results.json");
        if let Ok(text) = fs::read_to_string(&results) {
            let before: Self = serde_json::from_str(&text).context("the results of before")?;
            let is_new = |name: &str| !self.groups.iter().any(|it| it.name == name);
            let kept: Vec<_> = before
                .groups
                .into_iter()
                .filter(|it| is_new(&it.name))
                .collect();
            self.groups.extend(kept);
        }
        self.groups
            .sort_by_key(|it| super::ORDER.iter().position(|name| *name == it.name));
        fs::create_dir_all(&folder)?;
        fs::write(&results, serde_json::to_string_pretty(&self)? + "\n")?;
        let mut tables = format!(
            "{BEGIN}\n{}\n\n{}",
            self.machine.line(),
            goals(&self.groups)
        );
        for group in &self.groups {
            chart(group, &folder.join(&group.name).with_extension("svg"))?;
            let (title, name) = (&group.title, &group.name);
            let table = markdown(group);
            // Writing to a string cannot fail.
            let _ = write!(
                tables,
                "\n### {title}\n\n![{title}](performance/{name}.svg)\n\n{table}"
            );
        }
        tables += "\n";
        let text = fs::read_to_string(&page)?;
        let (head, rest) = text
            .split_once(BEGIN)
            .context("no line for where tables begin")?;
        let (_, tail) = rest
            .split_once(END)
            .context("no line for where tables end")?;
        Ok(fs::write(&page, format!("{head}{tables}{END}{tail}"))?)
    }
}
