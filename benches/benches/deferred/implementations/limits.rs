//! The limits that call callbacks: `arena` and `boxed`, each with a place for the value that comes out.

use super::Chain;
use deferral_benches::limits::{Arena, Boxed};

macro_rules! chain {
    ($limit:ident) => {
        impl<T: 'static> Chain<T> for ($limit<T>, Option<T>) {
            fn new() -> Self {
                ($limit::new(), None)
            }

            fn add(&mut self, callback: impl FnOnce(T) -> T + 'static) {
                self.0.push(callback);
            }

            fn fire(&mut self, value: T) {
                self.1 = Some(self.0.fire(value));
            }

            fn look<R>(&mut self, look: impl FnOnce(&T) -> R) -> R {
                look(self.1.as_ref().expect("it is fired"))
            }
        }
    };
}
chain!(Arena);
chain!(Boxed);
