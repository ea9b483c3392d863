//! Makes a program small on which subjects differ, and asks them all once more.

use super::judge::{difference, odd_one_out};
use super::{Divergence, Found, Jury, Summary, look};
use crate::difference::Difference;
use crate::lockstep::{self, Verdict};
use crate::shrink::{Shrunk, shrink};
use crate::subject::{ProgramFailure, Reply, SubjectError};
use deferral_model::Program;
use std::fmt;
use std::time::{Duration, Instant};

/// How long a divergence is made smaller, where each try takes its time.
const SHRINKING: Duration = Duration::from_secs(20);

/// How long all divergences of a run are made smaller on which a subject hangs: each try that hangs is waited for.
pub(super) const FOR_HANGING: Duration = Duration::from_secs(10);

/// What has become of a program on which subjects differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// It is so small that no single edit leaves the difference there.
    Small,
    /// It is smaller than it was, but the time was up.
    Smaller,
    /// It is what it was found with: asked again, the subjects didn't differ, or not in the same way.
    AsFound,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Small => "made small",
            Self::Smaller => "made smaller as far as there was time",
            Self::AsFound => "as it was found, for they differ only sometimes",
        })
    }
}

impl Jury {
    /// Makes a program small on which subjects differ, and asks them all once more. What the lockstep saw the
    /// first time is shown if it sees nothing any more.
    ///
    /// # Errors
    /// When a subject failed as a whole.
    pub fn explain(
        &mut self,
        number: u64,
        program: Program,
        first_seen: Option<lockstep::Divergence>,
    ) -> Result<Divergence, SubjectError> {
        self.made_small(Found { number, program, replies: Vec::new(), lockstep: first_seen })
    }

    pub(super) fn made_small(&mut self, found: Found) -> Result<Divergence, SubjectError> {
        let Found { number, program, replies, lockstep: first_seen } = found;
        let small = self.small(program, replies)?;
        let Small { program, made, replies, again } = small;
        let names = self.names();
        let odd_one_out = odd_one_out(&names, &replies);
        let lockstep = match look(&program, self.has("model") && self.has("engine"), &mut Summary::default())
        {
            Verdict::Diverges(divergence) => Some(*divergence),
            _ => first_seen,
        };
        let agree = replies.windows(2).all(|pair| pair[0] == pair[1]);
        let mut columns = Vec::new();
        for (at, (name, reply)) in names.into_iter().zip(replies).enumerate() {
            let changed = again.get(at).filter(|again| **again != reply);
            let changed = changed.map(|again| (format!("again: {name}"), again.clone()));
            columns.push((name, reply));
            columns.extend(changed);
        }
        if agree && !self.has("model") {
            columns.push(("model".to_owned(), Reply::Answer(deferral_model::run(&program))));
        }
        Ok(Divergence { number, program, made, replies: columns, odd_one_out, lockstep })
    }

    fn small(&mut self, program: Program, replies: Vec<Reply>) -> Result<Small, SubjectError> {
        // Who hangs has been waited for long enough.
        let hung = hangs(&replies);
        self.hurry(hung);
        let (mut said, mut shown) = self.differ(&program)?;
        let replies = if replies.is_empty() { said.clone() } else { replies };
        let Some(difference) = shown.clone() else {
            self.hurry(false);
            return Ok(Small { program, made: Made::AsFound, replies, again: said });
        };
        self.hurry(true);
        if !hung {
            (said, shown) = self.differ(&program)?;
        }
        if shown.as_ref() != Some(&difference) {
            self.hurry(false);
            return Ok(Small { program, made: Made::AsFound, replies, again: said });
        }
        let hung = hangs(&said);
        let time = if hung { self.for_hanging } else { SHRINKING };
        let started = Instant::now();
        let (shrunk, last_said) = self.shrunk(program.clone(), said, &difference, started + time)?;
        if hung {
            self.for_hanging = time.saturating_sub(started.elapsed());
        }
        self.hurry(false);
        let made = if shrunk.minimal { Made::Small } else { Made::Smaller };
        let (said, shown) = self.differ(&shrunk.program)?;
        Ok(if shown.as_ref() == Some(&difference) {
            Small { program: shrunk.program, made, replies: said, again: Vec::new() }
        } else if hung {
            // In a hurry it seemed to hang, and was only slow.
            Small { program, made: Made::AsFound, replies, again: Vec::new() }
        } else {
            Small { program: shrunk.program, made, replies: last_said, again: said }
        })
    }

    /// What a program becomes until then that shows a difference, and what the subjects say to that.
    fn shrunk(
        &mut self,
        program: Program,
        mut said: Vec<Reply>,
        difference: &Difference,
        until: Instant,
    ) -> Result<(Shrunk, Vec<Reply>), SubjectError> {
        let mut go_on = std::mem::replace(&mut self.go_on, Box::new(|_| true));
        let shows = |candidate: &Program| {
            let (replies, shown) = self.differ(candidate)?;
            let same = shown.as_ref() == Some(difference);
            if same {
                said = replies;
            }
            Ok(same)
        };
        let shrunk = shrink(program, shows, |progress| Instant::now() < until && go_on(progress));
        self.go_on = go_on;
        Ok((shrunk?, said))
    }

    fn hurry(&mut self, hurry: bool) {
        self.subjects.iter_mut().for_each(|subject| subject.hurry(hurry));
    }

    /// Asks about one program, while no batch is on its way: what the subjects say, and how they differ.
    fn differ(&mut self, program: &Program) -> Result<(Vec<Reply>, Option<Difference>), SubjectError> {
        let asked = self.subjects.iter_mut().map(|subject| subject.ask(program));
        let replies = asked.collect::<Result<Vec<_>, _>>()?;
        let verdict = look(program, self.has("model") && self.has("engine"), &mut Summary::default());
        let difference = difference(&self.names(), &replies, &verdict);
        Ok((replies, difference))
    }
}

/// A program, as small as it was made.
struct Small {
    program: Program,
    made: Made,
    replies: Vec<Reply>,
    /// What the subjects said when they were asked once more, if that was something else.
    again: Vec<Reply>,
}

fn hangs(replies: &[Reply]) -> bool {
    replies.iter().any(|reply| matches!(reply, Reply::Failed(ProgramFailure::Hung(_))))
}
