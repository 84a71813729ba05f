import { createContext, useCallback, useContext, useEffect, useState } from "react";
import type { Lang } from "../i18n/i18n";

export type Theme = "auto" | "dark" | "light";

export interface Prefs {
  theme: Theme;
  lang: Lang;
  nextTheme: () => void;
  nextLang: () => void;
}

export const PrefsContext = createContext<Prefs>({
  theme: "auto",
  lang: "en",
  nextTheme: () => {},
  nextLang: () => {},
});

/** Theme and language for pages without the frame, which offer both themselves. */
export const usePrefsHere = (): Prefs => useContext(PrefsContext);

/** What a person chose on this device: theme and language. */
export function usePrefs(): Prefs {
  const [theme, setTheme] = useState<Theme>(() => {
    const t = document.documentElement.dataset.theme;
    return t === "dark" || t === "light" ? t : "auto";
  });
  const [lang, setLang] = useState<Lang>(() => (document.documentElement.lang === "zh-CN" ? "zh-CN" : "en"));
  useEffect(() => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
  useEffect(() => {
    document.documentElement.lang = lang;
  }, [lang]);
  const nextTheme = useCallback(() => {
    setTheme((t) => {
      const next = themeAfter(t);
      keep("theme", next === "auto" ? null : next);
      return next;
    });
  }, []);
  const nextLang = useCallback(() => {
    setLang((l) => {
      const next = l === "en" ? "zh-CN" : "en";
      keep("lang", next);
      return next;
    });
  }, []);
  return { theme, lang, nextTheme, nextLang };
}

/** The theme after t: system, dark, light, and round again. */
export function themeAfter(t: Theme): Theme {
  return t === "auto" ? "dark" : t === "dark" ? "light" : "auto";
}

function keep(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Storage is switched off: the choice lasts as long as the page.
  }
}
