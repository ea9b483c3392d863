//! scratch
use deferral_conformance::generate::*;
fn main() {
    for s in 0..12u64 {
        let p = program(&mut Seeded::new(s), 20);
        println!("{}", p.to_json());
        if let deferral_model::Answer::Trace(t) = deferral_model::run(&p) {
            println!("   -> {} {}", t.events.len(), serde_json::to_string(&t.state).unwrap());
        }
    }
}
