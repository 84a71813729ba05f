import { useMemo } from "react";
import { encode } from "uqr";

/** A QR code as one path. Error correction M: a scratched sign still reads. */
export function QR({ value, label }: { value: string; label: string }) {
  const { d, size } = useMemo(() => {
    const code = encode(value, { ecc: "M", border: 4 });
    const d = code.data.flatMap((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : ""))).join("");
    return { d, size: code.size };
  }, [value]);
  return (
    <svg
      className="qr"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={d} fill="#000" />
    </svg>
  );
}
