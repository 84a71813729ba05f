/** A short choice within the tool bar. */
export function Pick(props: {
  label: string;
  value: string;
  onPick: (v: string) => void;
  options: readonly (readonly [string, string])[];
}) {
  return (
    <label className="pick">
      <span>{props.label}</span>
      <select value={props.value} onChange={(e) => props.onPick(e.target.value)}>
        {props.options.map(([v, text]) => (
          <option key={v} value={v}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
