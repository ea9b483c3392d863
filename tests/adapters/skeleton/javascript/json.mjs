/**
 * JSON with integers of 64 bits, which are BigInt where a number can't hold them.
 */

const LONG = "long integer: ";

/** Reads JSON. */
export const parse = (text) => {
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g, (token) =>
    token.startsWith('"') ? token : `"${LONG}${token}"`,
  );
  // A text of the program's own that looks so is told apart by being in the original.
  if (marked === text) return JSON.parse(text);
  return JSON.parse(marked, (_, value) =>
    typeof value === "string" && value.startsWith(LONG) ? integer(BigInt(value.slice(LONG.length))) : value,
  );
};

const integer = (value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

/** Writes JSON on one line. */
export const text = (value) => {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(text).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value ?? null);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${text(field)}`).join(",")}}`;
};

/** Whether it is an integer of the language. */
export const isInteger = (value, least = -(2n ** 63n), bound = 2n ** 63n) =>
  typeof value === "bigint" || Number.isSafeInteger(value) ? value >= least && value < bound : false;
