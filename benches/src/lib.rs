//! What the benches share: the work that a callback does, and the limits that engines are measured against.

/// The work of the `place`-th callback: cheap, and no compiler takes it out.
#[must_use]
pub fn work(value: u64, place: u64) -> u64 {
    value.rotate_left(5) ^ place
}

/// What a chain of `length` such callbacks makes of a value.
#[must_use]
pub fn expected(value: u64, length: u64) -> u64 {
    (0..length).fold(value, work)
}

/// The limit of one allocation a callback: a vector of boxed closures, called in order.
#[derive(Default)]
pub struct BoxedVector {
    callbacks: Vec<Box<dyn FnOnce(u64) -> u64>>,
}

impl BoxedVector {
    /// Adds a callback.
    pub fn add(&mut self, callback: impl FnOnce(u64) -> u64 + 'static) {
        self.callbacks.push(Box::new(callback));
    }

    /// Calls them all.
    #[must_use]
    pub fn fire(self, value: u64) -> u64 {
        self.callbacks.into_iter().fold(value, |value, callback| callback(value))
    }
}
