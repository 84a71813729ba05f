import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { Icon } from "../ui/icons";

type Say = (text: string) => void;
const SayContext = createContext<Say>(() => {});

/** Tells briefly, and to screen readers, that something was done. */
export const useToast = (): Say => useContext(SayContext);

const shownFor = 5000;

export function Toasts({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState<{ id: number; text: string }[]>([]);
  const next = useRef(0);
  const timers = useRef(new Set<ReturnType<typeof setTimeout>>());
  useEffect(() => {
    const running = timers.current;
    return () => running.forEach(clearTimeout);
  }, []);
  const say = useCallback<Say>((text) => {
    const id = next.current++;
    setSaid((all) => [...all.slice(-2), { id, text }]);
    const timer = setTimeout(() => {
      timers.current.delete(timer);
      setSaid((all) => all.filter((s) => s.id !== id));
    }, shownFor);
    timers.current.add(timer);
  }, []);
  const value = useMemo(() => say, [say]);
  return (
    <SayContext value={value}>
      {children}
      <div className="toasts" role="status">
        {said.map((s) => (
          <div key={s.id} className="toast">
            <Icon name="check" />
            {s.text}
          </div>
        ))}
      </div>
    </SayContext>
  );
}
