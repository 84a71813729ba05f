import { useCallback } from "react";
import { useHouse } from "../ui/parts";
import type { House } from "./house";

/** Tells a camera's name by its id; the id where it is not known. */
export function useNames(house: House): (id: string) => string {
  const { cameras } = useHouse(house);
  return useCallback((id: string) => cameras?.find((c) => c.id === id)?.name || id, [cameras]);
}
