//! Two ways into this crate: from Twisted, and from Rust.

#[doc = include_str!("guide/from_twisted.md")]
pub mod from_twisted {}

#[doc = include_str!("guide/from_rust.md")]
pub mod from_rust {}
