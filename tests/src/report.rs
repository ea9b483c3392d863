//! Showing what was found: traces side by side ([`text`]).

pub mod text;
