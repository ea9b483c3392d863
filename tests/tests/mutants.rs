//! model/MUTANTS.md and engine/MUTANTS.md justify what `.ci/mutants` leaves out, mutant by mutant.

/// Matches one mutant as cargo-mutants names it, in whatever line it stands.
fn pattern(folder: &str, file: &str, mutant: &str) -> String {
    let (column, mutant) = match mutant.split_once(": ") {
        Some((column, mutant)) if column.bytes().all(|byte| byte.is_ascii_digit()) => (column, mutant),
        _ => (r"\d+", mutant),
    };
    let escape = |text: &str| -> String {
        let special = |c: char| if r"\.^$*+?()[]{}|".contains(c) { format!(r"\{c}") } else { c.to_string() };
        text.chars().map(special).collect()
    };
    format!(r"^{folder}/src/{}:\d+:{column}: {}$", escape(file), escape(mutant))
}

fn what_is_left_out_is_justified(folder: &str, justified: &str, configuration: &str) {
    let rows = justified.lines().filter_map(|line| {
        let (file, rest) = line.strip_prefix("| ")?.split_once(" | `")?;
        let (mutant, why) = rest.split_once("` | ")?;
        assert!(why.len() > 10, "{line}");
        Some(pattern(folder, file, &mutant.replace(r"\|", "|")))
    });
    let left_out =
        configuration.lines().filter_map(|line| line.trim().strip_prefix("'''")?.strip_suffix("''',"));
    let reviewed: Vec<&str> = left_out.filter(|pattern| pattern.starts_with('^')).collect();
    assert_eq!(rows.collect::<Vec<_>>(), reviewed);
    assert!(!reviewed.is_empty());
}

#[test]
fn of_the_model() {
    let justified = include_str!("../../model/MUTANTS.md");
    what_is_left_out_is_justified("model", justified, include_str!("../../.cargo/mutants.toml"));
}

#[test]
fn of_the_engine() {
    let justified = include_str!("../../engine/MUTANTS.md");
    what_is_left_out_is_justified("engine", justified, include_str!("../../engine/mutants.toml"));
}
