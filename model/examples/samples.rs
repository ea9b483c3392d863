//! scratch
use deferral_model::*;
fn main() {
    let mut n = 0;
    let mut bad = 0;
    let mut und = 0;
    for l in std::io::stdin().lines() {
        let l = l.unwrap();
        #[derive(serde::Deserialize)]
        struct R {
            program: Program,
            trace: Answer,
        }
        let r: R = serde_json::from_str(&l).unwrap();
        r.program.check().unwrap();
        assert_eq!(serde_json::from_str::<Program>(&r.program.to_json()).unwrap(), r.program);
        if r.program.beyond_core().is_some() {
            continue;
        }
        n += 1;
        let a = run(&r.program);
        if let Answer::Undefined { undefined } = &a {
            und += 1;
            eprintln!("U {undefined} {}\n{}", r.program.to_json(), serde_json::to_string(&r.trace).unwrap());
        } else if a != r.trace {
            bad += 1;
            eprintln!(
                "{}\n{}\n{}",
                l,
                serde_json::to_string(&a).unwrap(),
                serde_json::to_string(&r.trace).unwrap()
            );
        }
    }
    println!("{n} {bad} {und}");
}
