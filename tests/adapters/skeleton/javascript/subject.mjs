/**
 * A subject of `conform`: `node subject.mjs` reads programs, one a line, and answers with traces.
 *
 * deferred.mjs beside this file is the Deferred that runs them; another file with the same functions may be named as
 * an argument. This file needs no change: it calls the Deferred, and writes down what happened. model/PROGRAMS.md says
 * what it all means.
 */

import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { parse, text } from "./json.mjs";
import { BadProgram, ERROR_NAMES, OPERATIONS as LANGUAGE, check, operations } from "./program.mjs";

const file = process.argv[2];
const deferred = await import(file === undefined ? "./deferred.mjs" : pathToFileURL(resolve(file)));

/** An error of a program's own, told apart by its name. */
class ProgramError extends Error {
  constructor(name) {
    super(name);
    this.name = name;
  }
}

/** An unexpected fault of a script's own. */
const panic = () => new ProgramError("Panic");

/** What a trace calls an error. One that the language has no name for is a fault. */
const nameOf = (error) => {
  if (error instanceof deferred.AlreadyCalledError) return "AlreadyCalledError";
  if (error instanceof deferred.CancelledError) return "CancelledError";
  return ERROR_NAMES.includes(error.name) ? error.name : "Panic";
};

const valueShown = (value) => {
  if (Array.isArray(value)) return value.map(valueShown);
  return value instanceof Error ? { f: nameOf(value) } : (value ?? null);
};

const shown = (outcome) => {
  const error = deferred.errorOf(outcome);
  return error === null ? { v: valueShown(outcome) } : { f: nameOf(error) };
};

/** One program: its slots, and what has happened. A slot that was dropped is null. */
class World {
  events = [];
  unhandled = [];
  slots = [];
  /** The scripts whose operations have run. */
  begun = new Set();
  /** The script that was the last to return a Deferred. */
  returned = 0;

  async run(program) {
    deferred.listen(
      (error) => this.unhandled.push(nameOf(error)),
      () => this.events.push({ self_return: this.returned }),
    );
    this.perform(program.ops);
    const state = this.slots.map((slot) => this.state(slot));
    this.slots.length = 0;
    await deferred.reclaim();
    this.unhandled.sort((one, other) => (text(one) < text(other) ? -1 : 1));
    return { events: this.events, state, unhandled: this.unhandled };
  }

  perform(ops) {
    for (const op of ops) {
      try {
        OPERATIONS[op.op][1](this, op);
      } catch (error) {
        const already = error instanceof deferred.AlreadyCalledError;
        if (!already && error.name !== "Panic") throw error;
        this.events.push({ error: already ? "AlreadyCalledError" : "Panic" });
      }
    }
  }

  /** Gives a Deferred the next slot. The script of a `maybe` may have returned an old one. */
  bind(d, own, mayFire = false) {
    const known = own ?? this.slots.find((slot) => slot?.d === d)?.known ?? { balance: 0, cancelling: 0 };
    this.slots.push({ d, known, mayFire });
  }

  callback(script, own) {
    return (arg) => {
      this.events.push({ run: script.id, arg: shown(arg) });
      return this.invoke(script, arg, own);
    };
  }

  call(script) {
    this.events.push({ run: script.id });
    return this.invoke(script, null, null);
  }

  canceller(script, own) {
    return () => {
      this.events.push({ canceller: script.id });
      own.cancelling += 1;
      try {
        this.performOnce(script);
      } finally {
        own.cancelling -= 1;
      }
      if (script.ret?.panic !== undefined) throw panic();
    };
  }

  invoke(script, arg, own) {
    this.performOnce(script);
    const returns = script.ret ?? "arg";
    if (returns === "arg") return arg;
    if ("wait" in returns) return this.toWaitFor(script, returns.wait, own);
    if ("raise" in returns) throw new ProgramError(returns.raise);
    if ("failure" in returns) return deferred.failure(new ProgramError(returns.failure));
    if ("panic" in returns) throw panic();
    if ("trap" in returns) {
      const error = deferred.errorOf(arg);
      return error !== null && returns.trap.includes(nameOf(error)) ? (returns.else ?? null) : arg;
    }
    return returns.value;
  }

  performOnce(script) {
    if (this.begun.has(script.id)) return;
    this.begun.add(script.id);
    this.perform(script.ops ?? []);
  }

  toWaitFor(script, number, own) {
    const slot = this.slots[number] ?? null;
    if (slot === null || (own !== null && own !== slot.known && deferred.isRunning(slot.d))) return null;
    this.returned = script.id;
    return slot.d;
  }

  state(slot) {
    if (slot === null) return "dropped";
    if (deferred.isRunning(slot.d)) return "running";
    if (!deferred.isFired(slot.d)) return "unfired";
    const inner = deferred.waitsFor(slot.d);
    if (inner === null) return shown(deferred.outcome(slot.d));
    const name = this.slots.findIndex((slot) => slot?.d === inner);
    return { waiting: name < 0 ? null : name };
  }

  waitsInACircle(d) {
    const seen = new Set();
    for (; d !== null && deferred.isFired(d); d = deferred.waitsFor(d)) {
      if (seen.has(d)) return true;
      seen.add(d);
    }
    return false;
  }
}

/** An operation on a Deferred does nothing where its slot is unbound or dropped. */
const onOne = (act) => (world, op) => {
  const slot = world.slots[op.d] ?? null;
  if (slot !== null) act(slot, op, world);
};

/** Only what `new` bound may be fired by the program. */
const onFireable = (act) => onOne((slot, op, world) => slot.mayFire && act(slot, op, world));

const adds = (name, ...scripts) =>
  onOne((slot, op, world) => {
    deferred[name](slot.d, ...scripts.map((script) => world.callback(op[script], slot.known)));
  });

const create = (world, op) => {
  const known = { balance: 0, cancelling: 0 };
  const canceller = op.canceller ? world.canceller(op.canceller, known) : null;
  world.bind(deferred.create(canceller), known, true);
};

const unpause = ({ d, known }) => {
  const busy = deferred.isRunning(d) || (deferred.isFired(d) && deferred.waitsFor(d) !== null);
  if (known.balance <= 0 && busy) return;
  known.balance -= 1;
  deferred.unpause(d);
};

const members = (world, op) => op.ds.flatMap((number) => world.slots[number]?.d ?? []);

/** The operations: which function of the Deferred each needs, and what it does. */
const OPERATIONS = {
  new: ["create", create],
  succeed: ["succeed", (world, op) => world.bind(deferred.succeed(op.value))],
  fail: ["fail", (world, op) => world.bind(deferred.fail(new ProgramError(op.error)))],
  maybe: ["maybe", (world, op) => world.bind(deferred.maybe(() => world.call(op.call)))],
  add_callback: ["addCallback", adds("addCallback", "cb")],
  add_errback: ["addErrback", adds("addErrback", "eb")],
  add_both: ["addBoth", adds("addBoth", "cb")],
  add_callbacks: ["addCallbacks", adds("addCallbacks", "cb", "eb")],
  callback: ["callback", onFireable(({ d }, op) => deferred.callback(d, op.value))],
  errback: ["errback", onFireable(({ d }, op) => deferred.errback(d, new ProgramError(op.error)))],
  cancel: [
    "cancel",
    onOne(({ d, known }, _, world) => known.cancelling || world.waitsInACircle(d) || deferred.cancel(d)),
  ],
  pause: [
    "pause",
    onOne(({ d, known }) => {
      known.balance += 1;
      deferred.pause(d);
    }),
  ],
  unpause: ["unpause", onOne(unpause)],
  chain: [
    "chain",
    onOne(({ d }, op, world) => {
      const to = world.slots[op.to] ?? null;
      if (to?.mayFire) deferred.chain(d, to.d);
    }),
  ],
  probe: ["outcome", onOne((slot, op, world) => world.events.push({ probe: op.d, state: world.state(slot) }))],
  drop: ["outcome", onOne((_, op, world) => (world.slots[op.d] = null))],
  list: ["list", (world, op) => world.bind(deferred.list(members(world, op), op))],
  gather: ["gather", (world, op) => world.bind(deferred.gather(members(world, op), op))],
};

const has = (name) => Object.hasOwn(OPERATIONS, name) && OPERATIONS[name][0] in deferred;

/** What to say to a program. */
const answer = async (line) => {
  const program = parse(line);
  const used = new Set(operations(program));
  const lacks = LANGUAGE.filter((name) => used.has(name) && !has(name));
  if (lacks.length > 0) return { lacks };
  check(program);
  return new World().run(program);
};

let number = 0;
for await (const line of createInterface({ input: process.stdin })) {
  number += 1;
  if (line.trim() === "") continue;
  try {
    process.stdout.write(`${text(await answer(line))}\n`);
  } catch (error) {
    if (!(error instanceof BadProgram || error instanceof SyntaxError)) throw error;
    process.stderr.write(`line ${number}: ${error.message}\n`);
    process.exitCode = 2;
    break;
  }
}
