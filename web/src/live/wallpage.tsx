import { useState } from "react";
import { useSession } from "../session/session";
import { useHouse } from "../ui/parts";
import { LatestEvents } from "./events/latest";
import { Health } from "./health";
import type { House } from "./house";
import { useNames } from "./names";
import { Wall } from "./wall";

/** Pictures, what happens, how the cameras are. */
export function WallPage({ house }: { house: House }) {
  const { cameras } = useHouse(house);
  const { session } = useSession();
  const [chosen, choose] = useState("");
  const nameOf = useNames(house);
  return (
    <div className="live">
      <Wall account={session.id} cameras={cameras} chosen={chosen} onChoose={choose} />
      <LatestEvents house={house} nameOf={nameOf} />
      {cameras?.length === 0 ? null : <Health cameras={cameras} chosen={chosen} />}
    </div>
  );
}
