// Sets theme and language before the first paint, so that neither flickers.
(() => {
  const root = document.documentElement;
  let theme = null;
  let lang = null;
  try {
    theme = localStorage.getItem("theme");
    lang = localStorage.getItem("lang");
  } catch {
    // Storage is switched off: the system's choice holds.
  }
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  root.lang = (lang || navigator.language).startsWith("zh") ? "zh-CN" : "en";
})();
