//! `boxed`: a vector of boxed closures, the limit of one allocation a callback.

/// Callbacks that are called in the order in which they were added.
pub struct Boxed<T> {
    callbacks: Vec<Box<dyn FnOnce(T) -> T>>,
}

impl<T> Boxed<T> {
    /// No callbacks.
    #[must_use]
    pub fn new() -> Self {
        Self { callbacks: Vec::new() }
    }

    /// Adds a callback.
    pub fn push(&mut self, callback: impl FnOnce(T) -> T + 'static) {
        self.callbacks.push(Box::new(callback));
    }

    /// Calls them all, and forgets them.
    pub fn fire(&mut self, value: T) -> T {
        self.callbacks.drain(..).fold(value, |value, callback| callback(value))
    }
}

impl<T> Default for Boxed<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Boxed;

    #[test]
    fn calls_in_order() {
        let mut boxed = Boxed::new();
        for digit in 1..=3 {
            boxed.push(move |value| 10 * value + digit);
        }
        assert_eq!(boxed.fire(0), 123);
    }
}
