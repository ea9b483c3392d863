/**
 * What is a program: its operations, their fields, and what stands in them.
 */

import { isInteger, text } from "./json.mjs";

export const ERROR_NAMES = ["E0", "E1", "E2"];

/** The fields of each operation beside `op`; those after the bar may be absent or null. */
const FIELDS = {
  new: "| canceller",
  succeed: "value",
  fail: "error",
  maybe: "call",
  add_callback: "d cb",
  add_errback: "d eb",
  add_both: "d cb",
  add_callbacks: "d cb eb",
  callback: "d value",
  errback: "d error",
  cancel: "d",
  pause: "d",
  unpause: "d",
  chain: "d to",
  probe: "d",
  drop: "d",
  list: "ds | fire_on_one_callback fire_on_one_errback consume_errors",
  gather: "ds | consume_errors",
};

/** What is in the language and has no fields above. */
const BEYOND = "race timeout advance coroutine lock semaphore queue acquire release put get".split(" ");

/** Every operation of the language. */
export const OPERATIONS = [...Object.keys(FIELDS), ...BEYOND];

/** A line is no program; the message says why. */
export class BadProgram extends Error {}

const need = (holds, what) => {
  if (!holds) throw new BadProgram(what);
};

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** An object with these fields, those that may be absent behind a bar. */
const checkFields = (what, value, fields) => {
  need(isObject(value), `${what} is no object`);
  const [required, optional = ""] = fields.split("|").map((part) => part.split(" ").filter(Boolean));
  for (const field of required) need(Object.hasOwn(value, field), `${what} needs the field ${field}`);
  for (const field of Object.keys(value)) {
    need(required.includes(field) || optional.includes(field), `${what} has no field ${field}`);
  }
  return value;
};

const isSlot = (value) => isInteger(value, 0n, 2n ** 64n);

/** What a plain field may hold. */
const KINDS = {
  value: (value) => value === null || ["boolean", "string"].includes(typeof value) || isInteger(value),
  error: (value) => ERROR_NAMES.includes(value),
  d: isSlot,
  to: isSlot,
  ds: (value) => Array.isArray(value) && value.every(isSlot),
  fire_on_one_callback: (value) => typeof (value ?? false) === "boolean",
  fire_on_one_errback: (value) => typeof (value ?? false) === "boolean",
  consume_errors: (value) => typeof (value ?? false) === "boolean",
};

const RETURNS = {
  value: KINDS.value,
  raise: KINDS.error,
  failure: KINDS.error,
  panic: (value) => typeof value === "string",
  wait: isSlot,
};

const checkOp = (op, ids) => {
  need(isObject(op) && Object.hasOwn(FIELDS, op.op), `${text(op?.op)} is no operation`);
  checkFields(op.op, op, `op ${FIELDS[op.op]}`);
  for (const [field, value] of Object.entries(op)) {
    if (field in KINDS) need(KINDS[field](value), `${text(value)} can't be the ${field} of ${op.op}`);
    else if (field !== "op" && !(field === "canceller" && value === null)) checkScript(value, ids);
  }
};

const checkScript = (script, ids) => {
  const { id, ops, ret } = checkFields("a script", script, "id | ops ret");
  need(isInteger(id), `${text(id)} is no script id`);
  need(!ids.has(id), `the script id ${id} stands twice`);
  ids.add(id);
  need(Array.isArray(ops ?? []), "ops is no list");
  for (const op of ops ?? []) checkOp(op, ids);
  if ((ret ?? "arg") !== "arg") checkReturn(ret);
};

const checkReturn = (ret) => {
  const [name, ...more] = isObject(ret) ? Object.keys(ret) : [];
  if (isObject(ret) && "trap" in ret) {
    const { trap, else: value } = checkFields("a trap", ret, "trap | else");
    const known = [...ERROR_NAMES, "CancelledError"];
    need(Array.isArray(trap) && trap.every((one) => known.includes(one)), "a trap names what there isn't");
    need(KINDS.value(value ?? null), `${text(value)} is no value`);
  } else {
    const holds = Object.hasOwn(RETURNS, name ?? "") && more.length === 0 && RETURNS[name](ret[name]);
    need(holds, `${text(ret)} is no return`);
  }
};

/** Throws `BadProgram` unless it is a program of operations that have fields here. */
export const check = (program) => {
  const { ops } = checkFields("a program", program, "ops | name why");
  need(Array.isArray(ops), "ops is no list");
  const ids = new Set();
  for (const op of ops) checkOp(op, ids);
};

/** The names of all operations in a program, in whatever depth. */
export const operations = (value) => {
  if (value === null || typeof value !== "object") return [];
  const inside = Object.values(value).flatMap(operations);
  return typeof value.op === "string" ? [...inside, value.op] : inside;
};
