import { diffWordsWithSpace } from "diff";

/** A run of text that stayed, went, or came. */
export interface Run {
  kind: "same" | "gone" | "new";
  text: string;
}

/**
 * What changed between two texts, word by word. The words of Chinese, which
 * writes no spaces, are found by the browser's own segmenter.
 */
export function runsOf(before: string, after: string, lang: string): Run[] {
  const words = new Intl.Segmenter(lang, { granularity: "word" });
  return diffWordsWithSpace(before, after, { intlSegmenter: words }).map((c) => ({
    kind: c.added ? "new" : c.removed ? "gone" : "same",
    text: c.value,
  }));
}
