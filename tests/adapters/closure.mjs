/**
 * skeleton/javascript/deferred.mjs, filled in with `goog.async.Deferred` of google-closure-library:
 * `node subject.mjs closure.mjs`, where npm has installed that.
 *
 * It has no `pause`, and no `maybe`: its `when` makes a branch of a Deferred. What it has it does in its own way.
 */

import { createRequire } from "node:module";

const require = createRequire(process.env.CLOSURE_LIBRARY ?? import.meta.url);
require("google-closure-library");
for (const name of ["goog.async.Deferred", "goog.async.DeferredList"]) goog.require(name);

const { Deferred, DeferredList } = goog.async;

export const AlreadyCalledError = Deferred.AlreadyCalledError;
export const CancelledError = Deferred.CanceledError;

/** To an operation's caller the library's assertions are faults. */
const operation = (act) => {
  try {
    return act();
  } catch (error) {
    if (error instanceof goog.asserts.AssertionError) error.name = "Panic";
    throw error;
  }
};

/** Reports come in a later turn, of a timer. */
export const listen = (unhandled) => Deferred.setUnhandledErrorHandler(unhandled);
export const reclaim = () => new Promise((resume) => setTimeout(resume, 0));

export const create = (canceller) => new Deferred(canceller ?? undefined);
export const succeed = (value) => Deferred.succeed(value);
export const fail = (error) => Deferred.fail(error);

/** A failure, as callbacks are given it here: the library has them told by the side that is called. */
class Failure {
  constructor(error) {
    this.error = error;
  }
}

export const errorOf = (outcome) => (outcome instanceof Failure ? outcome.error : null);
export const failure = (error) => new Failure(error);

/** How many callbacks of each are on the call stack: it doesn't say so itself. */
const running = new WeakMap();

const noted = (d, act) => (arg) => {
  running.set(d, (running.get(d) ?? 0) + 1);
  try {
    return act(arg);
  } finally {
    running.set(d, running.get(d) - 1);
  }
};

const bare = (outcome) => (outcome instanceof Failure ? outcome.error : outcome);
const value = (d, callback) => noted(d, (value) => bare(callback(value)));
const error = (d, errback) => noted(d, (error) => bare(errback(new Failure(error))));

export const addCallback = (d, callback) => operation(() => d.addCallback(value(d, callback)));
export const addErrback = (d, errback) => operation(() => d.addErrback(error(d, errback)));
export const addBoth = (d, callback) => addCallbacks(d, callback, callback);
export const addCallbacks = (d, callback, errback) =>
  operation(() => d.addCallbacks(value(d, callback), error(d, errback)));
export const chain = (d, to) => operation(() => d.chainDeferred(to));

export const callback = (d, value) => operation(() => d.callback(value));
export const errback = (d, error) => operation(() => d.errback(error));
export const cancel = (d) => operation(() => d.cancel());

export const list = (members, flags) =>
  operation(() => {
    const { fire_on_one_callback, fire_on_one_errback, consume_errors } = flags;
    return new DeferredList(members, fire_on_one_callback, fire_on_one_errback, consume_errors);
  });
export const gather = (members) => operation(() => DeferredList.gatherResults(members));

export const isRunning = (d) => (running.get(d) ?? 0) > 0;
export const isFired = (d) => d.hasFired();
export const outcome = (d) => (d.hadError_ ? new Failure(d.result_) : d.result_);
export const waitsFor = (d) => (d.blocked_ ? d.result_ : null);
