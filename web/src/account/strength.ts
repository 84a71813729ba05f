// A guess at how hard a password is to guess, for the meter alone: the server
// decides. There are no rules on what it is made of.

export const minPassword = 12;

export type Strength =
  | { is: "short"; missing: number; level: number }
  | { is: "weak" | "fair" | "strong"; level: number };

/** The first that anybody would try, and what keyboards and calendars suggest. */
const common =
  /pass(word|wort|phrase)?|qwert[yz]?|azerty|asdf|zxcv|letmein|welcome|iloveyou|admin(istrator)?|root|login|secret|bystander|camera|summer|winter|monkey|dragon|football|abc|woaini|mima|nihao|\d+/g;

/** Judges a password; `id` is the account's, which is no secret. */
export function strengthOf(password: string, id = ""): Strength {
  const n = [...password].length;
  if (n < minPassword) return { is: "short", missing: minPassword - n, level: n / minPassword / 3 };
  let rest = password.toLowerCase();
  if (id.length >= 3) rest = rest.replaceAll(id.toLowerCase(), "");
  rest = rest.replace(common, "");
  const steps = new Set<string>();
  const letters = [...rest];
  for (let i = 1; i < letters.length; i++) {
    const step = (letters[i]?.codePointAt(0) ?? 0) - (letters[i - 1]?.codePointAt(0) ?? 0);
    if (Math.abs(step) > 1) steps.add(`${letters[i - 1]}${letters[i]}`);
  }
  if (steps.size < 5) return { is: "weak", level: 0.33 };
  return steps.size < 16 ? { is: "fair", level: 0.66 } : { is: "strong", level: 1 };
}
