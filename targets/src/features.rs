//! CPU features: which there are, which a CPU has, which an object needs.

use crate::Target;
use std::fmt;

/// A CPU feature that code can make use of.
#[derive(Debug)]
pub struct Feature {
    /// Its name, as `--features` takes it and notes have it.
    pub name: &'static str,
    /// The features that it is nothing without.
    pub implies: &'static [&'static str],
}

/// A CPU, or a level of an architecture, by the features it has.
#[derive(Debug)]
pub struct Cpu {
    /// Its name, as `--cpu` takes it.
    pub name: &'static str,
    /// What it has, besides what these features imply.
    pub features: &'static [&'static str],
}

/// What can be named for a target.
#[derive(Debug)]
pub struct FeatureTable {
    /// Every feature; at most 64.
    pub features: &'static [Feature],
    /// Every CPU; the first one is the default.
    pub cpus: &'static [Cpu],
    /// The features without which Prefab does not compile.
    pub required: &'static [&'static str],
    /// The feature that has the instructions on 128-bit vectors, where not all CPUs have them.
    pub vectors: Option<&'static str>,
}

/// What is wrong with a choice of CPU or features.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeatureError {
    /// There is no such CPU.
    #[error("unknown CPU {name:?} for {target}: the CPUs are {known}")]
    UnknownCpu {
        /// What was asked for.
        name: String,
        /// For which target.
        target: &'static str,
        /// What could have been asked for.
        known: String,
    },
    /// There is no such feature.
    #[error("unknown feature {name:?} for {target}: the features are {known}")]
    UnknownFeature {
        /// What was asked for.
        name: String,
        /// For which target.
        target: &'static str,
        /// What could have been asked for.
        known: String,
    },
    /// A feature is missing that compiled code cannot be without.
    #[error("feature {name:?} is needed by all code that Prefab compiles for {target}")]
    Required {
        /// The feature.
        name: &'static str,
        /// For which target.
        target: &'static str,
    },
}

fn list(names: impl Iterator<Item = &'static str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// A set of features of one target, closed under implication.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FeatureSet {
    target: &'static Target,
    bits: u64,
}

impl FeatureSet {
    /// No feature at all. Nothing is compiled with it; it is where a set starts.
    #[must_use]
    pub const fn empty(target: &'static Target) -> Self {
        Self { target, bits: 0 }
    }

    /// The features of the target's default CPU.
    #[must_use]
    pub fn baseline(target: &'static Target) -> Self {
        let mut set = Self::empty(target);
        if let Some(cpu) = target.features.cpus.first() {
            cpu.features.iter().for_each(|name| set.insert(name));
        }
        set
    }

    /// Whether there are instructions on 128-bit vectors.
    #[must_use]
    pub fn has_vectors(&self) -> bool {
        self.target
            .features
            .vectors
            .is_none_or(|name| self.has(name))
    }

    /// The features of `cpu` (the default one, if none is given), changed by `changes`: names
    /// separated by commas, each after `+` (or nothing) to add it with what it implies, or after
    /// `-` to remove it with what implies it.
    ///
    /// # Errors
    /// If a name is not known, or a feature is removed that cannot be done without.
    pub fn parse(
        target: &'static Target,
        cpu: Option<&str>,
        changes: Option<&str>,
    ) -> Result<Self, FeatureError> {
        let mut set = match cpu {
            None => Self::baseline(target),
            Some(name) => Self::of_cpu(target, name)?,
        };
        let changes = changes.unwrap_or_default().split(',').map(str::trim);
        for change in changes.filter(|change| !change.is_empty()) {
            set.change(change)?;
        }
        set.check_required()?;
        Ok(set)
    }

    /// The features of the CPU of this name.
    fn of_cpu(target: &'static Target, name: &str) -> Result<Self, FeatureError> {
        let cpus = target.features.cpus;
        let cpu =
            cpus.iter()
                .find(|cpu| cpu.name == name)
                .ok_or_else(|| FeatureError::UnknownCpu {
                    name: name.to_string(),
                    target: target.triple,
                    known: list(cpus.iter().map(|cpu| cpu.name)),
                })?;
        let mut set = Self::empty(target);
        cpu.features.iter().for_each(|name| set.insert(name));
        Ok(set)
    }

    fn change(&mut self, change: &str) -> Result<(), FeatureError> {
        let (name, remove) = match change.strip_prefix('-') {
            Some(name) => (name, true),
            None => (change.strip_prefix('+').unwrap_or(change), false),
        };
        if self.index(name).is_none() {
            return Err(self.unknown(name));
        }
        if remove {
            self.remove(name);
        } else {
            self.insert(name);
        }
        Ok(())
    }

    fn check_required(&self) -> Result<(), FeatureError> {
        let missing = self.target.features.required.iter();
        match missing.copied().find(|name| !self.has(name)) {
            None => Ok(()),
            Some(name) => Err(FeatureError::Required {
                name,
                target: self.target.triple,
            }),
        }
    }

    /// The features of these names and what they imply, as a note has them.
    ///
    /// # Errors
    /// If a name is not known.
    pub fn from_names<'a>(
        target: &'static Target,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, FeatureError> {
        let mut set = Self::empty(target);
        for name in names {
            if set.index(name).is_none() {
                return Err(set.unknown(name));
            }
            set.insert(name);
        }
        Ok(set)
    }

    fn unknown(&self, name: &str) -> FeatureError {
        FeatureError::UnknownFeature {
            name: name.to_string(),
            target: self.target.triple,
            known: list(self.target.features.features.iter().map(|f| f.name)),
        }
    }

    fn index(&self, name: &str) -> Option<usize> {
        let features = self.target.features.features;
        features.iter().position(|feature| feature.name == name)
    }

    fn insert(&mut self, name: &str) {
        if let Some(index) = self.index(name)
            && self.bits & (1 << index) == 0
        {
            self.bits |= 1 << index;
            let implied = self.target.features.features[index].implies;
            implied.iter().for_each(|name| self.insert(name));
        }
    }

    fn remove(&mut self, name: &str) {
        let Some(index) = self.index(name) else {
            return;
        };
        self.bits &= !(1 << index);
        for feature in self.target.features.features {
            if feature.implies.contains(&name) && self.has(feature.name) {
                self.remove(feature.name);
            }
        }
    }

    /// The target whose features they are.
    #[must_use]
    pub const fn target(&self) -> &'static Target {
        self.target
    }

    /// Whether the feature of this name is in the set.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.index(name)
            .is_some_and(|index| self.bits & (1 << index) != 0)
    }

    /// The names of the features in the set, in an order that is always the same.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        let bits = self.bits;
        let features = self.target.features.features.iter().enumerate();
        features
            .filter(move |(index, _)| bits & (1 << index) != 0)
            .map(|(_, feature)| feature.name)
    }

    /// What of this set is not in `other`, a set of the same target.
    #[must_use]
    pub const fn without(&self, other: &Self) -> Self {
        Self {
            target: self.target,
            bits: self.bits & !other.bits,
        }
    }

    /// Whether no feature is in the set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bits == 0
    }
}

impl fmt::Display for FeatureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&list(self.names()))
    }
}

impl fmt::Debug for FeatureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {self}", self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::{FeatureError, FeatureSet};
    use crate::Target;

    #[test]
    fn the_tables_name_only_what_they_have() {
        for target in Target::ALL.iter().copied() {
            let table = target.features();
            assert!(table.features.len() <= 64);
            let known = |name: &str| table.features.iter().any(|f| f.name == name);
            let named = table.features.iter().flat_map(|f| f.implies);
            let named = named.chain(table.cpus.iter().flat_map(|cpu| cpu.features));
            for name in named.chain(table.required) {
                assert!(known(name), "{target}: {name}");
            }
            for (index, feature) in table.features.iter().enumerate() {
                let rest = &table.features[index + 1..];
                assert!(rest.iter().all(|other| other.name != feature.name));
            }
            for cpu in table.cpus {
                let set = FeatureSet::parse(target, Some(cpu.name), None).unwrap();
                let names: Vec<_> = set.names().collect();
                assert_eq!(FeatureSet::from_names(target, names), Ok(set));
            }
        }
    }

    #[test]
    fn changes_carry_what_they_imply() {
        for target in Target::ALL.iter().copied() {
            for feature in target.features().features {
                let plus = format!("+{}", feature.name);
                let set = FeatureSet::parse(target, None, Some(&plus)).unwrap();
                assert!(feature.implies.iter().all(|name| set.has(name)));
                for implied in feature.implies {
                    let both = format!("{plus},-{implied}");
                    match FeatureSet::parse(target, None, Some(&both)) {
                        Ok(set) => assert!(!set.has(feature.name) && !set.has(implied)),
                        Err(FeatureError::Required { .. }) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            }
            for name in target.features().required {
                let minus = format!("-{name}");
                let error = FeatureSet::parse(target, None, Some(&minus)).unwrap_err();
                assert!(matches!(error, FeatureError::Required { .. }), "{error}");
            }
        }
    }

    #[test]
    fn unknown_names_are_refused() {
        for target in Target::ALL.iter().copied() {
            let error = FeatureSet::parse(target, Some("z80"), None).unwrap_err();
            assert!(error.to_string().contains("z80"));
            let error = FeatureSet::parse(target, None, Some("+turbo")).unwrap_err();
            assert!(error.to_string().contains("turbo"));
            assert!(FeatureSet::from_names(target, ["turbo"]).is_err());
        }
    }
}
