//! Showing what was found: traces side by side ([`text`]), and as a picture that is stepped through ([`html`]).

pub mod html;
pub mod text;
