//! Programs may nest a thousand levels of callbacks: they run on a thread with the stack for it.

/// Runs a function on a thread of its own that has room for the deepest programs.
///
/// # Panics
/// When the function does, or when the thread can't be started.
pub fn with_stack<R: Send>(run: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| {
        let deep = std::thread::Builder::new().stack_size(deferral_model::STACK);
        let running = deep.spawn_scoped(scope, run).expect("a thread can be started");
        running.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
