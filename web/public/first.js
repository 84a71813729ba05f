// Sets theme and language before the first paint, so that neither flickers. The
// pages without script hand on in the address what was chosen there.
(() => {
  const root = document.documentElement;
  const handed = new URLSearchParams(location.search);
  const chosen = (key, allowed) => {
    const value = handed.get(key);
    try {
      if (!allowed.includes(value)) return localStorage.getItem(key);
      localStorage.setItem(key, value);
    } catch {
      // Storage is switched off: the system's choice holds.
    }
    return allowed.includes(value) ? value : null;
  };
  const theme = chosen("theme", ["dark", "light"]);
  const lang = chosen("lang", ["en", "zh-CN"]);
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  root.lang = (lang || navigator.language).startsWith("zh") ? "zh-CN" : "en";
})();
