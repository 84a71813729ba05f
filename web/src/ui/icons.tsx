import type { ReactNode } from "react";

const shapes = {
  person: <path d="M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm-6 6c0-3 2.7-4.8 6-4.8s6 1.8 6 4.8" />,
  eye: (
    <path d="M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8Zm6.5 2a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z" />
  ),
  camera: <path d="M1.5 4.5h8v7h-8zM9.5 7l5-2.5v7l-5-2.5" />,
  cameraOff: <path d="M1.5 4.5h8v7h-8zM9.5 7l5-2.5v7l-5-2.5M1 14.5 15 1.5" />,
  mask: <path d="M2 2h12v12H2zM2 8h12M8 2v12M5 2v12M11 2v12M2 5h12M2 11h12" />,
  gate: <path d="M3 14V6l5-4 5 4v8M6 14V9h4v5M1 14h14" />,
  count: <path d="M2.5 13.5V9M6.2 13.5V5M9.8 13.5V7.5M13.5 13.5v-11" />,
  check: <path d="m2.5 8.5 3.5 3.5 7.5-8" />,
  full: <path d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4" />,
  theme: <path d="M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Zm0 0v12" />,
  help: (
    <path d="M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4ZM6.2 6.3A1.9 1.9 0 1 1 8 8.4v1M8 11.4v.3" />
  ),
  warn: <path d="M8 2 14.5 13.5h-13zM8 6.5v3.3M8 11.6v.3" />,
  info: <path d="M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4ZM8 7.3v3.9M8 4.8v.3" />,
  play: <path d="M4 2.5 13 8l-9 5.5z" />,
  film: <path d="M2 3h12v10H2zM5 3v10M11 3v10M2 8h3M11 8h3" />,
  refresh: <path d="M13.5 8A5.5 5.5 0 1 1 11.8 4M12 1.5V4.3H9.2" />,
  lower: <path d="M1.5 3.5h4v3.2h4.5v3.2h4.5v3.6M11.7 10.9l2.8 2.8" />,
  clock: <path d="M8 14.2A6.2 6.2 0 1 0 8 1.8a6.2 6.2 0 0 0 0 12.4ZM8 4.5V8l2.5 1.8" />,
  left: <path d="m10 3-5 5 5 5" />,
  right: <path d="m6 3 5 5-5 5" />,
  undo: <path d="M5.5 3 2.5 6l3 3M3 6h6.5a4 4 0 0 1 0 8H6" />,
  grip: <path d="M5.5 3.5v.1M5.5 8v.1M5.5 12.5v.1M10.5 3.5v.1M10.5 8v.1M10.5 12.5v.1" />,
  note: <path d="M3 2h10v8l-4 4H3zM9 14v-4h4M5.5 5h5M5.5 7.8h3" />,
  save: <path d="M8 2v8M4.5 7 8 10.5 11.5 7M2.5 13.5h11" />,
  close: <path d="m3 3 10 10M13 3 3 13" />,
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof shapes;

/** A decorative line icon; the words beside it carry the meaning. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {shapes[name]}
    </svg>
  );
}
