import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { askFactorBy } from "../api/send";

const Asking = lazy(() => import("./factor"));

/**
 * Asks for the second factor in the middle of whatever wants one: exports, and
 * learning a name. Requests that wait at the same time share one answer.
 */
export function StepUp() {
  const [open, setOpen] = useState(false);
  const waiting = useRef<((given: boolean) => void)[]>([]);
  useEffect(() => {
    askFactorBy(
      () =>
        new Promise<boolean>((resolve) => {
          waiting.current.push(resolve);
          setOpen(true);
        }),
    );
    return () => askFactorBy(undefined);
  }, []);
  const done = (given: boolean) => {
    setOpen(false);
    for (const resolve of waiting.current.splice(0)) resolve(given);
  };
  if (!open) return null;
  return (
    <Suspense fallback={null}>
      <Asking onDone={done} />
    </Suspense>
  );
}
