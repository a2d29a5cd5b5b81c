import { randomInt } from "node:crypto";
import { hash } from "bcryptjs";
import { secret, UNKNOWN } from "../resource";
import type { Properties } from "../resource";
import { isUnknown } from "../schema";
import type { Property } from "../schema";
import { once } from "./once";

const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";
const LOWER = "abcdefghijklmnopqrstuvwxyz";
const BCRYPT_COST = 10;

const count: Property = {
  kind: "number",
  validate: (value: number) => (value >= 0 ? undefined : "must be 0 or more"),
};
const flag: Property = { kind: "boolean" };

const defaults = {
  lower: true,
  minLower: 0,
  minNumeric: 0,
  minSpecial: 0,
  minUpper: 0,
  number: true,
  numeric: true,
  special: true,
  upper: true,
};

export const randomPassword = once(
  {
    keepers: { kind: "map" },
    length: { ...count, required: true },
    lower: flag,
    minLower: count,
    minNumeric: count,
    minSpecial: count,
    minUpper: count,
    number: flag,
    numeric: flag,
    overrideSpecial: { kind: "string" },
    special: flag,
    upper: flag,
  },
  defaults,
  {
    validate: (inputs) => (Object.values(inputs).some(isUnknown) ? [] : passwordFaults(inputs)),
    plan: (inputs) => ({
      ...defaults,
      ...inputs,
      ...numericOf(inputs),
      id: UNKNOWN,
      result: UNKNOWN,
      bcryptHash: UNKNOWN,
    }),

    async create(inputs) {
      const password = generatePassword(passwordRules(inputs));
      const state = { ...defaults, ...inputs, ...numericOf(inputs), id: "none" };
      const bcryptHash = await hash(password, BCRYPT_COST);
      return { id: "none", state: { ...state, result: secret(password), bcryptHash: secret(bcryptHash) } };
    },
  },
);

/** `number` is the old name of `numeric`. */
function numericOf(inputs: Properties) {
  const numeric = (inputs.numeric ?? inputs.number ?? true) as boolean;
  return { numeric, number: numeric };
}

export interface PasswordRules {
  length: number;
  /** A minimum counts even for a class that is otherwise not used, as in the official provider. */
  classes: { used: boolean; characters: string; minimum: number }[];
}

export function passwordRules(inputs: Properties): PasswordRules {
  const { length, lower, upper, special, minLower, minUpper, minNumeric, minSpecial } = {
    ...defaults,
    ...inputs,
  } as any;
  const overrideSpecial = (inputs.overrideSpecial as string | undefined) || SPECIAL;
  const classes = [
    { used: lower, characters: LOWER, minimum: minLower },
    { used: upper, characters: LOWER.toUpperCase(), minimum: minUpper },
    { used: numericOf(inputs).numeric, characters: "0123456789", minimum: minNumeric },
    { used: special, characters: overrideSpecial, minimum: minSpecial },
  ];
  return { length, classes };
}

function passwordFaults(inputs: Properties): string[] {
  const { length, classes } = passwordRules(inputs);
  const minimum = classes.reduce((sum, each) => sum + each.minimum, 0);
  if (!classes.some(({ used }) => used) && minimum < length) return ["no kind of character is allowed"];
  const least = Math.max(1, minimum);
  return length < least ? [`"length" must be at least ${least}, the sum of the minimums`] : [];
}

/** Draws every character and its place from the operating system's random source. */
export function generatePassword({ length, classes }: PasswordRules): string {
  const all = classes.flatMap(({ used, characters }) => (used ? characters : [])).join("");
  const pick = (characters: string) => characters[randomInt(characters.length)];
  const drawn = classes.flatMap(({ characters, minimum }) => Array.from({ length: minimum }, () => pick(characters)));
  while (drawn.length < length) drawn.push(pick(all));
  for (let i = drawn.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [drawn[i], drawn[j]] = [drawn[j], drawn[i]];
  }
  return drawn.join("");
}
