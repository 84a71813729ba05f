// What a browser calls itself, in the two words that people know it by. Browsers
// name others in their own name, so the order matters.

const browsers: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bMicroMessenger\//, "WeChat"],
  [/\bFirefox\/|\bFxiOS\//, "Firefox"],
  [/\bHeadlessChrome\/|\bChrome\/|\bCriOS\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];

const systems: readonly (readonly [RegExp, string])[] = [
  [/\bAndroid\b/, "Android"],
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bWindows\b/, "Windows"],
  [/\bMacintosh\b/, "macOS"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

/** "Firefox · Linux"; what is not known is shown as it is. */
export function deviceName(agent: string): string {
  const find = (list: typeof browsers) => list.find(([form]) => form.test(agent))?.[1];
  const name = [find(browsers), find(systems)].filter(Boolean).join(" · ");
  return name || agent || "–";
}
