import { fill, type Lang, useWords } from "./i18n";

/** The texts of one part of the application, in every language. */
export interface Texts<K extends string> {
  readonly en: Readonly<Record<K, string>>;
  readonly "zh-CN": Readonly<Record<K, string>>;
}

/** A part's own texts. A text that lacks its translation does not compile. */
export function texts<const E extends Record<string, string>>(
  en: E,
  zh: Record<keyof E & string, string>,
): Texts<keyof E & string> {
  return { en, "zh-CN": zh };
}

type Params = Record<string, string | number>;

/** Looks a part's texts up in the reader's language. */
export interface Teller<K extends string> {
  (key: K, params?: Params): string;
  /** The text of `${prefix}.${code}` for a code of the server; a new one is shown as it is. */
  code(prefix: string, code: string | undefined): string;
  readonly lang: Lang;
}

export function useTexts<K extends string>(all: Texts<K>): Teller<K> {
  const w = useWords();
  const own = all[w.lang];
  const tell = (key: K, params: Params = {}) => fill(own[key], params, (n) => w.number(n));
  return Object.assign(tell, {
    lang: w.lang,
    code: (prefix: string, code: string | undefined) => {
      const key = `${prefix}.${code ?? ""}`;
      return Object.hasOwn(own, key) ? own[key as K] : (code ?? "");
    },
  });
}
