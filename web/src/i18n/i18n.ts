import { createContext, useContext } from "react";
import { en, type Key } from "./en";
import { unbroken } from "./unbroken";
import { zh } from "./zh";

export type { Key };
export type Lang = "en" | "zh-CN";
type Params = Record<string, string | number>;

/** Texts, numbers and dates in one language. No line of a page ends within a date, a time or a size. */
export class Words {
  readonly lang: Lang;
  readonly #texts: Record<Key, string>;
  readonly #number: Intl.NumberFormat;
  readonly #decimal: Intl.NumberFormat;
  readonly #clock: Intl.DateTimeFormat;
  readonly #date: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;
  readonly #moment: Intl.DateTimeFormat;
  readonly #relative: Intl.RelativeTimeFormat;

  constructor(lang: Lang) {
    this.lang = lang;
    this.#texts = lang === "zh-CN" ? zh : en;
    // 24 hours in both: a control room compares times.
    const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
    this.#number = new Intl.NumberFormat(lang, { maximumFractionDigits: 0 });
    this.#decimal = new Intl.NumberFormat(lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    this.#clock = new Intl.DateTimeFormat(lang, clock);
    this.#date = new Intl.DateTimeFormat(lang, { ...clock, month: "short", day: "numeric" });
    const day = { year: "numeric", month: "short", day: "numeric" } as const;
    this.#day = new Intl.DateTimeFormat(lang, day);
    this.#moment = new Intl.DateTimeFormat(lang, {
      ...day,
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
    this.#relative = new Intl.RelativeTimeFormat(lang, { numeric: "always", style: "short" });
  }

  t(key: Key, params: Params = {}): string {
    return fill(this.#texts[key], params, (n) => this.number(n));
  }

  /** The text for a code of the server, or the text of the fallback key for one that is new. */
  code(prefix: "off" | "mask" | "err" | "notice", code: string | undefined, text = ""): string {
    // An alarm says behind a colon which of several it is: "KAFKA:POLICY", "SELFCHECK:LOBBY".
    const [head = "", of] = (code ?? "").split(":");
    const keys = [`${prefix}.${code ?? ""}`, ...(of ? [`${prefix}.${head}:*`] : []), `${prefix}.${head}`];
    for (const key of keys) if (isKey(key)) return this.t(key, { of: of?.toLowerCase() ?? "" });
    return this.t(`${prefix}.other`, { text });
  }

  /** What something is and what it says: "State: live". */
  pair(what: string, says: string): string {
    return this.lang === "zh-CN" ? `${what}：${says}` : `${what}: ${says}`;
  }

  has(key: string): key is Key {
    return isKey(key);
  }

  /** Whether our words say all that a notice of the server says. */
  says(code: string): boolean {
    return isKey(`notice.${code}`) || (code.includes(":") && isKey(`notice.${code.split(":")[0]}:*`));
  }

  number(n: number): string {
    return this.#number.format(n);
  }

  decimal(n: number): string {
    return this.#decimal.format(n);
  }

  score(n: number): string {
    return new Intl.NumberFormat(this.lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(n);
  }

  /** Only the time of day for today, the date as well for other days. */
  time(iso: string, now = new Date()): string {
    const d = new Date(iso);
    if (Number.isNaN(d.getTime())) return "–";
    return unbroken((d.toDateString() === now.toDateString() ? this.#clock : this.#date).format(d));
  }

  /** A date with its year: for deadlines and what is kept for years. */
  day(iso: string): string {
    const d = new Date(iso);
    return Number.isNaN(d.getTime()) ? "–" : unbroken(this.#day.format(d));
  }

  /** Date with its year, and time of day. */
  moment(iso: string): string {
    const d = new Date(iso);
    return Number.isNaN(d.getTime()) ? "–" : unbroken(this.#moment.format(d));
  }

  /** How far a moment lies ahead, or back: "in 3 days", "2 hr. ago". */
  until(iso: string, now = Date.now()): string {
    const s = Math.trunc((Date.parse(iso) - now) / 1000);
    if (Number.isNaN(s)) return "–";
    const n = Math.abs(s);
    if (n < 60) return this.#away(s, "second");
    if (n < 5400) return this.#away(Math.trunc(s / 60), "minute");
    if (n < 172800) return this.#away(Math.trunc(s / 3600), "hour");
    return this.#away(Math.trunc(s / 86400), "day");
  }

  ago(iso: string, now = Date.now()): string {
    const s = Math.max(0, Math.round((now - Date.parse(iso)) / 1000));
    if (s < 60) return this.#away(-s, "second");
    if (s < 3600) return this.#away(-Math.floor(s / 60), "minute");
    if (s < 86400) return this.#away(-Math.floor(s / 3600), "hour");
    return this.#away(-Math.floor(s / 86400), "day");
  }

  #away(n: number, unit: "second" | "minute" | "hour" | "day"): string {
    return unbroken(this.#relative.format(n, unit));
  }

  duration(seconds: number): string {
    const s = Math.max(0, Math.round(seconds));
    const [unit, n] =
      s < 60
        ? ["second", s]
        : s < 5400
          ? ["minute", s / 60]
          : s < 129600
            ? ["hour", s / 3600]
            : ["day", s / 86400];
    const form = new Intl.NumberFormat(this.lang, {
      style: "unit",
      unit: unit as string,
      unitDisplay: "short",
      maximumFractionDigits: 0,
    });
    return unbroken(form.format(n as number));
  }

  bytes(n: number): string {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
    let i = 0;
    let v = n;
    while (v >= 1000 && i < units.length - 1) {
      v /= 1000;
      i++;
    }
    const form = new Intl.NumberFormat(this.lang, {
      style: "unit",
      unit: units[i] ?? "byte",
      unitDisplay: "short",
      maximumFractionDigits: v < 10 && i > 0 ? 1 : 0,
    });
    return unbroken(form.format(v));
  }
}

function isKey(key: string): key is Key {
  return Object.hasOwn(en, key);
}

/** Puts parameters into a text's {places}. Numbers take the language's form. */
export function fill(text: string, params: Params, number: (n: number) => string): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => {
    const v = params[name];
    if (v === undefined) return place;
    return typeof v === "number" ? number(v) : v;
  });
}

export const WordsContext = createContext<Words>(new Words("en"));
export const useWords = () => useContext(WordsContext);
