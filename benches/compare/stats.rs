//! What is said of a number of measurements.

use serde::{Deserialize, Serialize};

/// One cell of a table: what repeated measurements of the same gave.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Figure {
    pub median: f64,
    pub min: f64,
    pub max: f64,
    pub runs: usize,
}

impl Figure {
    /// Of at least one measurement.
    ///
    /// # Panics
    /// If there is none.
    pub fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let (middle, runs) = (samples.len() / 2, samples.len());
        let median = if runs % 2 == 1 {
            samples[middle]
        } else {
            f64::midpoint(samples[middle - 1], samples[middle])
        };
        Self {
            median,
            min: samples[0],
            max: samples[runs - 1],
            runs,
        }
    }

    /// Of something that does not vary: a size, a count of instructions.
    pub fn exact(value: f64) -> Self {
        Self::of(vec![value])
    }

    /// How far the middle lies above the least: what other work on the machine added.
    pub fn spread(self) -> f64 {
        self.median / self.min - 1.0
    }
}

/// The geometric mean; nothing of nothing.
pub fn geomean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value.ln();
        count += 1.0;
    }
    (count > 0.0).then(|| f64::exp(sum / count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_of_all_measurements() {
        let figure = Figure::of(vec![4.0, 1.0, 3.0, 2.0]);
        assert_eq!((figure.median, figure.min, figure.max), (2.5, 1.0, 4.0));
        assert_eq!(Figure::of(vec![3.0, 9.0, 1.0]).median, 3.0);
        assert_eq!(geomean([2.0, 8.0]).map(f64::round), Some(4.0));
        assert_eq!(geomean([]), None);
    }
}
