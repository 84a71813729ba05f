import { type ReactNode, useId } from "react";
import { NavLink } from "react-router";

/** The head of a page: what it is, one sentence, and what can be done. */
export function PageHead(props: { title: ReactNode; lead?: ReactNode; actions?: ReactNode }) {
  return (
    <div className="page-head">
      <div>
        <h1>{props.title}</h1>
        {props.lead ? <p className="lead">{props.lead}</p> : null}
      </div>
      {props.actions ? <div className="actions">{props.actions}</div> : null}
    </div>
  );
}

/** The pages within a workplace. */
export function SubNav(props: {
  label: string;
  items: readonly { to: string; label: string; end?: boolean }[];
}) {
  return (
    <nav className="subnav" aria-label={props.label}>
      {props.items.map((i) => (
        <NavLink key={i.to} to={i.to} end={i.end ?? false}>
          {i.label}
        </NavLink>
      ))}
    </nav>
  );
}

/** A box with a heading. */
export function Panel(props: {
  title: ReactNode;
  note?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <section className="panel" aria-labelledby={id}>
      <div className="panel-head">
        <h2 id={id}>{props.title}</h2>
        {props.actions ? <div className="actions">{props.actions}</div> : null}
      </div>
      {props.note ? <p className="panel-note">{props.note}</p> : null}
      <div className="panel-body">{props.children}</div>
    </section>
  );
}

/** Names and values in two columns; rows without a value are left out. */
export function Facts({ rows }: { rows: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="facts">
      {rows
        .filter(([, value]) => value !== undefined && value !== null && value !== "")
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** A state in one word; the word carries the meaning, the colour helps. */
export function Chip({
  tone = "muted",
  children,
}: {
  tone?: "good" | "warn" | "bad" | "muted";
  children: ReactNode;
}) {
  return <span className={`chip ${tone}`}>{children}</span>;
}
