/**
 * The Deferred under test. FILL IN each function below; subject.mjs needs no change.
 *
 * As it stands nothing happens in any function, and `conform` shows what should have. A function that your Deferred
 * has no counterpart of you delete: programs that use it are then left out, and counted. So it is with `list` and
 * `gather`, which this file doesn't have: closure.mjs shows what they are given.
 *
 * A callback gets one argument, whatever your Deferred gives it, and returns what your Deferred is to be given: a
 * value, the argument as it came, or a Deferred. It may throw. `errorOf` tells failures.
 */

/** FILL IN: the errors of your Deferred: firing one that was fired throws this, */
export class AlreadyCalledError extends Error {}

/** and one that was cancelled fails with this. */
export class CancelledError extends Error {}

/** FILL IN: from now on, call these when your Deferred reports a failure that nobody has handled, and when it warns
 * that a callback returned the Deferred it was attached to. */
export const listen = (unhandled, selfReturn) => {};

/** FILL IN: after this, whatever is out of reach has been reclaimed and reported. */
export const reclaim = async () => {};

// Making Deferreds

/** FILL IN: an unfired Deferred. The canceller, `null` for none, is called when it is cancelled. */
export const create = (canceller) => ({});

/** FILL IN: one that has this value. */
export const succeed = (value) => ({});

/** FILL IN: one that has failed with this error. */
export const fail = (error) => ({});

/** FILL IN: one with what the call returns or throws; if that is a Deferred, that very one. */
export const maybe = (call) => ({});

// Callbacks

/** FILL IN */
export const addCallback = (d, callback) => {};

/** FILL IN */
export const addErrback = (d, errback) => {};

/** FILL IN */
export const addBoth = (d, callback) => {};

/** FILL IN */
export const addCallbacks = (d, callback, errback) => {};

/** FILL IN: `to` is fired with the outcome of `d`. */
export const chain = (d, to) => {};

// Firing, cancelling, pausing

/** FILL IN */
export const callback = (d, value) => {};

/** FILL IN */
export const errback = (d, error) => {};

/** FILL IN */
export const cancel = (d) => {};

/** FILL IN */
export const pause = (d) => {};

/** FILL IN */
export const unpause = (d) => {};

// Looking

/** FILL IN: the error in a failure as callbacks are given it, `null` for any other value. */
export const errorOf = (outcome) => null;

/** FILL IN: what a callback returns, rather than throws, to fail. */
export const failure = (error) => error;

/** FILL IN: whether one of its callbacks is on the call stack. */
export const isRunning = (d) => false;

/** FILL IN: whether it has an outcome, or waits for one that a callback returned. */
export const isFired = (d) => false;

/** FILL IN: of a fired one, the value or failure that its next callback would be given. */
export const outcome = (d) => null;

/** FILL IN: of a fired one, the Deferred that it waits for; `null` when it waits for none. */
export const waitsFor = (d) => null;
