import { useCallback, useState } from "react";

/** One action under way: whether it runs, and why it failed. */
export function useSending() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  /** Runs the action; tells whether it worked. A failure is kept in `error`. */
  const send = useCallback(async (action: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setError(undefined);
    try {
      await action();
      return true;
    } catch (err) {
      setError(err);
      return false;
    } finally {
      setBusy(false);
    }
  }, []);
  return { busy, error, send, forget: useCallback(() => setError(undefined), []) };
}
