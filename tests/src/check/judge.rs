//! Whether what subjects said to one program agrees, and who says what is undefined.

use crate::difference::{Difference, Kind};
use crate::lockstep::Verdict;
use crate::subject::Reply;
use deferral_model::Answer;

/// Who says what is undefined: the first of these that is there, with all others of its rank.
const JUDGES: [&[&str]; 2] = [&["twisted", STORED], &["model"]];

/// The name that a stored trace goes by, as if a subject had given it.
pub const STORED: &str = "stored";

/// Whether replies to one program agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// All are the same.
    Agrees,
    /// They aren't.
    Differs,
    /// Who said so, and why.
    Undefined(String),
    /// A subject lacks an operation that the program uses.
    LeftOut,
}

/// Compares what the subjects of these names said to one program.
#[must_use]
pub fn judge(names: &[String], replies: &[Reply]) -> Judged {
    let undefined = |at: usize| match &replies[at] {
        Reply::Answer(Answer::Undefined { undefined }) => Some(format!("{}: {undefined}", names[at])),
        _ => None,
    };
    let of_rank = |rank: &&[&str]| -> Vec<usize> {
        (0..replies.len()).filter(|&at| rank.contains(&names[at].as_str())).collect()
    };
    let judges = JUDGES.iter().map(of_rank).find(|judges| !judges.is_empty());
    let judges = judges.unwrap_or_else(|| (0..replies.len()).collect());
    let said: Vec<String> = judges.iter().filter_map(|&at| undefined(at)).collect();
    // Judges that don't agree are a difference of their own.
    let by = if said.len() == judges.len() { said.into_iter().next() } else { None };
    let failed = replies.iter().any(|reply| matches!(reply, Reply::Failed(_)));
    let lacks = replies.iter().any(|reply| matches!(reply, Reply::Lacks(_)));
    match by {
        _ if failed => Judged::Differs,
        _ if lacks => Judged::LeftOut,
        Some(who) => Judged::Undefined(who),
        None if replies.windows(2).all(|pair| pair[0] == pair[1]) => Judged::Agrees,
        None => Judged::Differs,
    }
}

/// As [`judge`], with what the model says where no judge is among the subjects, and what the lockstep saw.
pub(super) fn with_model(names: &[String], replies: &[Reply], verdict: &Verdict) -> Judged {
    let has = |rank: &[&str]| names.iter().any(|name| rank.contains(&name.as_str()));
    let has_judge = JUDGES.into_iter().any(has);
    let failed = replies.iter().any(|reply| matches!(reply, Reply::Failed(_)));
    match (verdict, judge(names, replies)) {
        // A program that means nothing is to be ended, too.
        _ if failed => Judged::Differs,
        (Verdict::Undefined(why), _) if replies.is_empty() || !has_judge => {
            Judged::Undefined(format!("model: {why}"))
        }
        (Verdict::Diverges(_), Judged::Agrees | Judged::LeftOut) => Judged::Differs,
        // The lockstep saw it before the model called the program undefined.
        (Verdict::Diverges(_), Judged::Undefined(_)) if !has(JUDGES[0]) => Judged::Differs,
        // That all subjects say so makes no program undefined.
        (_, Judged::Undefined(_)) if !has_judge => Judged::Differs,
        (_, judged) => judged,
    }
}

/// How the subjects of these names differ on one program, if they do.
pub(super) fn difference(names: &[String], replies: &[Reply], verdict: &Verdict) -> Option<Difference> {
    let differs = with_model(names, replies, verdict) == Judged::Differs;
    differs.then(|| match verdict {
        Verdict::Diverges(divergence) => Difference::InLockstep(Kind::of_lockstep(divergence)),
        Verdict::Conforms | Verdict::Undefined(_) => Difference::of_replies(replies),
    })
}

/// The subject that differs from all others, where these agree.
#[must_use]
pub fn odd_one_out(names: &[String], replies: &[Reply]) -> Option<String> {
    if replies.len() < 3 {
        return None;
    }
    let odd = (0..replies.len()).filter(|&at| {
        let mut others = (0..replies.len()).filter(|&other| other != at).map(|other| &replies[other]);
        let first = others.next().expect("there are three");
        others.all(|other| other == first) && *first != replies[at]
    });
    odd.map(|at| names[at].clone()).next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lockstep::{Divergence, Seen};

    #[test]
    fn what_the_lockstep_saw_counts_unless_twisted_says_otherwise() {
        let seen = Divergence { after: Some(3), left: Seen::Left(0), right: Seen::Left(2) };
        let verdict = Verdict::Diverges(Box::new(seen));
        let undefined = Reply::Answer(Answer::Undefined { undefined: "depth".to_owned() });
        for (names, judged) in [
            (["model", "engine"], Judged::Differs),
            (["model", "twisted"], Judged::Undefined("twisted: depth".to_owned())),
        ] {
            let names = names.map(str::to_owned);
            assert_eq!(
                with_model(&names, &[undefined.clone(), undefined.clone()], &verdict),
                judged,
                "{names:?}"
            );
        }
    }
}
