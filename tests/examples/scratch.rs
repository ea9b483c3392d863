//! scratch
use deferral_conformance::{generate::*, lockstep::*, shrink::shrink};
use deferral_model::*;
fn main() {
    deferral_conformance::stack::with_stack(|| {
        let mut cov = Coverage::default();
        let mut bad = 0;
        let mut ev = 0usize;
        let mut und = std::collections::BTreeMap::new();
        let n: u64 = std::env::args().nth(1).unwrap().parse().unwrap();
        let t = std::time::Instant::now();
        for s in 0..n {
            let p = program(&mut Seeded::new(s), 20);
            match model_and_engine(&p, &mut cov) {
                Verdict::Conforms(a) => {
                    if let Answer::Trace(t) = a {
                        ev += t.events.len();
                    }
                }
                Verdict::Undefined(w) => {
                    *und.entry(w).or_insert(0) += 1;
                }
                Verdict::Diverges(_) => {
                    bad += 1;
                    if bad < 4 {
                        let p = shrink(p, |p| {
                            Ok::<_, ()>(matches!(
                                model_and_engine(p, &mut Coverage::default()),
                                Verdict::Diverges(_)
                            ))
                        })
                        .unwrap();
                        println!("{} {:#?}", p.to_json(), model_and_engine(&p, &mut cov));
                    }
                }
            }
        }
        println!("{n} bad {bad} events {} und {und:?} {:?}", ev as f64 / n as f64, t.elapsed());
        for (o, s, nst) in cov.never_met() {
            println!("never {o} {} {nst}", s.name());
        }
    });
}
