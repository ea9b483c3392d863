//! Where subjects differ: in what they did, or in how slots stand afterwards.

use super::ending::Ending;
use super::marks::Look;
use super::operations::Operations;
use super::rows::{Row, Token};
use super::telling::Telling;
use deferral_model::{Event, State};
use std::collections::BTreeSet;

/// A slot, and how it stands with each subject.
pub(super) type Disagreement<'s> = (usize, Vec<Option<&'s State>>);

/// What the subjects show in one row, as far as they are to be compared.
pub(super) struct Shown<'s> {
    /// By subject; nobody who had failed by then.
    there: Vec<(Option<&'s Token>, &'s Telling)>,
}

impl<'s> Shown<'s> {
    pub(super) fn of(
        row: &'s Row,
        tellings: &'s [Option<Telling>],
        endings: &[Option<Ending>],
        operations: &Operations<'_>,
    ) -> Self {
        let top = row.any().within.map_or(usize::MAX, |number| operations.top(number));
        let through =
            |ending: &Option<Ending>| ending.as_ref().and_then(|ending| ending.at).is_none_or(|at| top < at);
        let there = row.tokens.iter().zip(tellings).zip(endings).filter(|(_, ending)| through(ending));
        Self {
            there: there
                .filter_map(|((token, telling), _)| Some((token.as_ref(), telling.as_ref()?)))
                .collect(),
        }
    }

    /// Whether they did different things.
    pub(super) fn differ(&self) -> bool {
        let event = |(token, telling): &(Option<&Token>, &'s Telling)| -> Option<Option<&'s Event>> {
            token.map(|token| token.event.map(|at| &telling.trace.events[at]))
        };
        self.there.windows(2).any(|pair| event(&pair[0]) != event(&pair[1]))
    }

    /// The slots in whose state they don't agree, with the states; none where not all were looked at.
    pub(super) fn disagree(&self) -> Option<Vec<Disagreement<'s>>> {
        let looks: Option<Vec<_>> =
            self.there.iter().map(|(token, _)| token.as_ref()?.look.as_ref()).collect();
        let looks = looks?;
        let slots: BTreeSet<usize> =
            looks.iter().flat_map(|look| look.iter().map(|(slot, _)| *slot)).collect();
        let states = |slot: usize| -> Vec<Option<&State>> {
            let of = |look: &'s Look| look.iter().find(|(other, _)| *other == slot).map(|(_, state)| state);
            looks.iter().map(|look| of(look)).collect()
        };
        let stands = slots.into_iter().map(|slot| (slot, states(slot)));
        Some(stands.filter(|(_, states)| states.windows(2).any(|pair| pair[0] != pair[1])).collect())
    }
}
