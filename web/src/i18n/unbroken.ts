const noBreakSpace = "\u00a0";
const wordJoiner = "\u2060";

/**
 * The text as one word, which no line ends within: dates and times stand in
 * sentences. Spaces become no-break spaces; beside a Chinese character, where a
 * line may end without any space, stands a word joiner, which nobody sees.
 */
export function unbroken(text: string): string {
  return text
    .replace(/[^\S\u00a0\u202f]+/gu, noBreakSpace)
    .replace(/(?<=\p{Script=Han})(?=[^\s\u2060])|(?<=[^\s\u2060])(?=\p{Script=Han})/gu, wordJoiner);
}
