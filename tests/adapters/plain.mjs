/**
 * skeleton/javascript/deferred.mjs, filled in with a Deferred that keeps every clause of the core: Twisted's own, written
 * out plainly. `node subject.mjs plain.mjs` passes the core table.
 */

export class AlreadyCalledError extends Error {}
export class CancelledError extends Error {}

/** What a callback on the side of failures is given. */
class Failure {
  constructor(error) {
    this.error = error;
  }
}

let unhandled = () => {};
let selfReturn = () => {};

/** What each Deferred of a program has failed with. One that is out of reach can't change any more, so it makes no
 * difference that these are looked at when all are. */
const marks = [];

const NOTHING = Symbol("no result");

class Deferred {
  called = false;
  result = NOTHING;
  paused = 0;
  running = false;
  swallows = false;
  /** Pairs of a callback and an errback, each a function or null; or the one that waits for the result. */
  entries = [];
  mark = { failure: null };

  constructor(canceller) {
    this.canceller = canceller;
    marks.push(this.mark);
  }

  add(callback, errback) {
    this.entries.push([callback, errback]);
    if (this.called) this.run();
  }

  fire(result) {
    if (this.called) {
      if (!this.swallows) throw new AlreadyCalledError();
      this.swallows = false;
      return;
    }
    this.called = true;
    this.canceller = null;
    this.result = result;
    this.run();
  }

  cancel() {
    if (this.called) {
      if (this.result instanceof Deferred) this.result.cancel();
      return;
    }
    if (this.canceller !== null) this.canceller(this);
    else this.swallows = true;
    if (!this.called) this.fire(new Failure(new CancelledError()));
  }

  unpause() {
    this.paused -= 1;
    if (this.paused === 0 && this.called) this.run();
  }

  /** Runs what is there, and whoever waits for the result, without recursion. */
  run() {
    if (this.running) return;
    const stack = [this];
    while (stack.length > 0) {
      const current = stack.at(-1);
      if (current.paused !== 0) return;
      const waiter = current.runUpToAWaiter();
      if (waiter === null) {
        current.mark.failure = current.result instanceof Failure ? current.result : null;
        stack.pop();
      } else {
        waiter.result = current.take();
        waiter.paused -= 1;
        stack.push(waiter);
      }
    }
  }

  /** Runs entries up to one that stands for a waiter: that waiter, or null when there is none, or it waits itself. */
  runUpToAWaiter() {
    while (this.entries.length > 0) {
      const entry = this.entries.shift();
      if (entry instanceof Deferred) return entry;
      this.call(entry[this.result instanceof Failure ? 1 : 0]);
      const inner = this.result;
      if (!(inner instanceof Deferred)) continue;
      if (inner.result === NOTHING || inner.result instanceof Deferred || inner.paused !== 0) {
        this.paused += 1;
        inner.entries.push(this);
        return null;
      }
      this.result = inner.take();
    }
    return null;
  }

  call(callback) {
    if (callback === null) return;
    this.running = true;
    try {
      this.result = callback(this.result);
      if (this.result === this) selfReturn();
    } catch (error) {
      this.result = new Failure(error);
    } finally {
      this.running = false;
    }
  }

  /** Its result, for another: null is left behind. */
  take() {
    const taken = this.result;
    this.result = null;
    this.mark.failure = null;
    return taken;
  }
}

const fired = (result) => {
  const d = new Deferred(null);
  d.fire(result);
  return d;
};

export const listen = (reported, returned) => {
  unhandled = reported;
  selfReturn = returned;
};

export const reclaim = async () => {
  for (const { failure } of marks.splice(0)) if (failure !== null) unhandled(failure.error);
};

export const create = (canceller) => new Deferred(canceller);
export const succeed = (value) => fired(value);
export const fail = (error) => fired(new Failure(error));
export const maybe = (call) => {
  try {
    const result = call();
    return result instanceof Deferred ? result : fired(result);
  } catch (error) {
    return fail(error);
  }
};

export const addCallback = (d, callback) => d.add(callback, null);
export const addErrback = (d, errback) => d.add(null, errback);
export const addBoth = (d, callback) => d.add(callback, callback);
export const addCallbacks = (d, callback, errback) => d.add(callback, errback);
export const chain = (d, to) => {
  const fire = (result) => {
    to.fire(result);
    return null;
  };
  d.add(fire, fire);
};

export const callback = (d, value) => d.fire(value);
export const errback = (d, error) => d.fire(new Failure(error));
export const cancel = (d) => d.cancel();
export const pause = (d) => (d.paused += 1);
export const unpause = (d) => d.unpause();

export const errorOf = (outcome) => (outcome instanceof Failure ? outcome.error : null);
export const failure = (error) => new Failure(error);
export const isRunning = (d) => d.running;
export const isFired = (d) => d.called;
export const outcome = (d) => d.result;
export const waitsFor = (d) => (d.result instanceof Deferred ? d.result : null);
