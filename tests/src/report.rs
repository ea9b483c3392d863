//! Showing what was found: traces side by side ([`text`]), and a whole run as a site ([`site`]).

pub mod site;
pub mod text;
