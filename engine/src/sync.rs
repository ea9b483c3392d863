//! Locks, semaphores and queues that give Deferreds.

mod lock;
mod queue;
mod semaphore;

pub use lock::DeferredLock;
pub use queue::DeferredQueue;
pub use semaphore::{DeferredSemaphore, Guard};
