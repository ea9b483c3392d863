// The benches' cases on Promises: prints as JSON the median nanoseconds of one callback or Promise.
//
// Run with the names of cases; those that it doesn't have are left out, as is cancelling: Promises can't. Each case
// checks what came out. Callbacks run in microtasks here, so each case awaits its result.

import assert from "node:assert/strict";

const LENGTH = 1_000;
const MILLISECONDS = 1_000;
const FEWEST_ROUNDS = 20;

/** Rotates left by 5 bits, in 32 (numbers have no 64), and takes the place into it. */
const work = (value, place) => ((value << 5) | (value >>> 27)) ^ place;

const expected = (value, length) => {
  for (let place = 0; place < length; place++) value = work(value, place);
  return value;
};

const WANTED = expected(7, LENGTH);

const unfired = () => {
  let fire, fail;
  const promise = new Promise((resolve, reject) => ([fire, fail] = [resolve, reject]));
  return { promise, fire, fail };
};

const addCallbacks = (promise) => {
  for (let place = 0; place < LENGTH; place++) promise = promise.then((value) => work(value, place));
  return promise;
};

const addThenFire = async () => {
  const { promise, fire } = unfired();
  const last = addCallbacks(promise);
  fire(7);
  assert.equal(await last, WANTED);
};

const addToFired = async () => {
  let promise = Promise.resolve(7);
  for (let place = 0; place < LENGTH; place++) {
    promise = promise.then((value) => work(value, place));
    await promise;
  }
  assert.equal(await promise, WANTED);
};

const waitThenFire = async () => {
  const innermost = unfired();
  let outer = innermost.promise;
  for (let link = 1; link < LENGTH; link++) {
    const inner = outer;
    outer = Promise.resolve(0).then(() => inner);
  }
  // All of them wait once the microtasks have run.
  await null;
  innermost.fire(7);
  assert.equal(await outer, 7);
};

const one = async () => {
  for (let place = 0; place < LENGTH; place++) {
    const { promise, fire } = unfired();
    const last = promise.then((value) => work(value, place));
    fire(7);
    assert.equal(await last, work(7, place));
  }
};

const gather = async () => {
  const members = Array.from({ length: LENGTH }, unfired);
  const all = Promise.all(members.map((member) => member.promise));
  members.forEach((member, value) => member.fire(value));
  const values = await all;
  assert(values.length === LENGTH && values.every((value, place) => value === place));
};

const failure = async () => {
  const { promise, fail } = unfired();
  const last = addCallbacks(promise).catch(() => 3);
  fail(new Error("bang!"));
  assert.equal(await last, 3);
};

const CASES = {
  "W1-add-then-fire": addThenFire,
  "W2-add-to-fired": addToFired,
  "W3-wait-then-fire": waitThenFire,
  "W4-one": one,
  "W5-gather": gather,
  "W7-failure": failure,
};

/** Nanoseconds an element: the median of many rounds of at least a millisecond. */
const median = async (run) => {
  const roundOf = async (times) => {
    const started = performance.now();
    for (let time = 0; time < times; time++) await run();
    return performance.now() - started;
  };
  let times = 1;
  while ((await roundOf(times)) < 1) times *= 2;
  const rounds = [];
  const ends = performance.now() + MILLISECONDS;
  while (rounds.length < FEWEST_ROUNDS || performance.now() < ends) {
    rounds.push(((await roundOf(times)) * 1e6) / times / LENGTH);
  }
  return rounds.sort((one, other) => one - other)[rounds.length >> 1];
};

const nanoseconds = {};
for (const name of process.argv.slice(2).filter((name) => name in CASES)) nanoseconds[name] = await median(CASES[name]);
console.log(JSON.stringify({ version: `Promises on Node ${process.versions.node}`, nanoseconds }));
