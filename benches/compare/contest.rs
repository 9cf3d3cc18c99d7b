//! Processes that do the same in turns.

use crate::stats::Figure;
use anyhow::{Context as _, Result, ensure};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A process that does something for each line of its input: `compare worker`, `worker.mjs`, `launch.c`.
struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

/// What it says then.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// A checksum, or the most memory used in KiB.
    pub sum: u64,
    /// Processor time; of `launch.c`, time by the clock.
    pub time_ns: u64,
    /// Processor time, of `launch.c`.
    pub cpu_ns: u64,
}

impl Process {
    fn start(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .with_context(|| format!("starting {command:?}"))?;
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("it was asked for"));
        Ok(Self {
            child,
            stdin,
            stdout,
        })
    }

    fn ask(&mut self, n: u32) -> Result<Reply> {
        let stdin = self.stdin.as_mut().expect("it is open until the end");
        // In one piece: not everyone waits for the end of the line.
        stdin.write_all(format!("{n}\n").as_bytes())?;
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        let mut words = line.split_whitespace().map(str::parse);
        let mut word = || words.next().transpose();
        Ok(Reply {
            sum: word()?.context("it ended early")?,
            time_ns: word()?.context("it printed no time")?,
            cpu_ns: word()?.unwrap_or(0),
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The end of its input ends it.
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// What each says in each round, after a round that does not count; nothing of those who do not take part.
pub type Replies = Vec<Option<Vec<Reply>>>;

/// Has all processes do `n` of their work `rounds` times, in turns.
///
/// # Errors
/// If one fails, which the error names.
pub fn contest(commands: Vec<Option<Command>>, n: u32, rounds: usize) -> Result<Replies> {
    let mut replies = contest_cold(commands, n, rounds + 1)?;
    for replies in replies.iter_mut().flatten() {
        replies.remove(0);
    }
    Ok(replies)
}

/// As [`contest`]; the first round counts like all others.
///
/// # Errors
/// If one fails, which the error names.
pub fn contest_cold(commands: Vec<Option<Command>>, n: u32, rounds: usize) -> Result<Replies> {
    let mut processes = Vec::new();
    for command in commands {
        processes.push(match command {
            Some(command) => Some((format!("{command:?}"), Process::start(command)?, Vec::new())),
            None => None,
        });
    }
    for _ in 0..rounds {
        for (said, process, replies) in processes.iter_mut().flatten() {
            replies.push(process.ask(n).with_context(|| said.clone())?);
        }
    }
    let replies = processes
        .into_iter()
        .map(|it| it.map(|(_, _, replies)| replies));
    Ok(replies.collect())
}

/// Asserts that all computed the same, each time.
///
/// # Errors
/// If not; names the first who differs by its column.
pub fn expect_same(replies: &Replies, columns: &[String]) -> Result<()> {
    let mut all = replies.iter().zip(columns).flat_map(|(it, column)| {
        let replies = it.iter().flatten();
        replies.map(move |reply| (column, reply.sum))
    });
    let Some((first, expected)) = all.next() else {
        return Ok(());
    };
    for (column, sum) in all {
        ensure!(
            sum == expected,
            "{column} computes {sum:08x}, where {first} computes {expected:08x}"
        );
    }
    Ok(())
}

/// The time of one of the `n` that each round did, in seconds.
pub fn seconds(replies: &Replies, n: u32) -> Vec<Option<Figure>> {
    figures(replies, |reply| nanoseconds(reply.time_ns) / f64::from(n))
}

/// One figure of what each said.
pub fn figures(replies: &Replies, of: impl Fn(&Reply) -> f64) -> Vec<Option<Figure>> {
    let figure = |it: &Vec<Reply>| Figure::of(it.iter().map(&of).collect());
    replies.iter().map(|it| it.as_ref().map(figure)).collect()
}

/// For each, the median over all rounds of its time by that of `to` in the same round. What slows the whole machine
/// for a while slows both.
pub fn paired(replies: &Replies, to: usize) -> Vec<Option<f64>> {
    let Some(Some(theirs)) = replies.get(to) else {
        return Vec::new();
    };
    let median = |ours: &Vec<Reply>| {
        let pairs = ours.iter().zip(theirs);
        let ratio = |(ours, theirs): (&Reply, &Reply)| {
            nanoseconds(ours.time_ns) / nanoseconds(theirs.time_ns)
        };
        Figure::of(pairs.map(ratio).collect()).median
    };
    replies.iter().map(|it| it.as_ref().map(median)).collect()
}

/// In seconds.
#[expect(clippy::cast_precision_loss, reason = "times are far below 2^52 ns")]
pub fn nanoseconds(ns: u64) -> f64 {
    ns as f64 * 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replies(times_ns: &[u64]) -> Option<Vec<Reply>> {
        let reply = |&time_ns| Reply {
            sum: 0,
            time_ns,
            cpu_ns: 0,
        };
        Some(times_ns.iter().map(reply).collect())
    }

    #[test]
    fn paired_ratios_are_of_the_same_round() {
        // The second round was slow for both, and the last one for the first alone. The ratio of the least times is 1.
        let all = vec![replies(&[128, 512, 256]), None, replies(&[192, 640, 128])];
        assert_eq!(paired(&all, 0), vec![Some(1.0), None, Some(1.25)]);
        assert_eq!(paired(&all, 1), vec![]);
    }
}
