//! The tables that are printed, which are Markdown as well.

use crate::bounds;
use crate::compare::Comparison;
use crate::counts::Growth;
use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};

/// Old and new counts, limits and bounds.
pub(crate) fn per_unit(comparison: &Comparison) -> Table {
    let mut table = table(["instructions a unit", "old", "new", "limit", "change", "", "bound", ""]);
    for row in &comparison.0 {
        table.add_row([
            row.name.clone(),
            number(row.old),
            number(row.new),
            number(row.limit()),
            row.change().map_or_else(String::new, |change| format!("{change:+.2} %")),
            match (row.holds(), row.new) {
                (true, _) => "",
                (false, Some(_)) => "ROSE",
                (false, None) => "GONE",
            }
            .into(),
            number(row.bound()),
            row.met().map_or("", met).into(),
        ]);
    }
    table
}

/// What a unit takes where there are few, and where there are many.
pub(crate) fn growth(growth: &[Growth]) -> Table {
    let mut table = table(["instructions a unit", "of 1000", "of many", "many", "growth", "bound", ""]);
    for growth in growth {
        table.add_row([
            growth.name.clone(),
            number(Some(growth.near)),
            number(Some(growth.far)),
            growth.units.to_string(),
            format!("{:.3}x", growth.factor()),
            format!("{:.2}x", bounds::GROWTH),
            met(growth.factor() <= bounds::GROWTH).into(),
        ]);
    }
    table
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn number(number: Option<f64>) -> String {
    number.map_or_else(String::new, |number| format!("{number:.1}"))
}

fn met(met: bool) -> &'static str {
    if met { "met" } else { "not met" }
}
