import { useState } from "react";
import { useSession } from "../session/session";
import { useHouse } from "../ui/parts";
import { useClaims } from "./claims";
import { LatestEvents } from "./events/latest";
import { useHalt } from "./halt";
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
  const claims = useClaims(house);
  const halted = useHalt().now?.on ?? false;
  return (
    <div className="live">
      <Wall
        account={session.id}
        cameras={cameras}
        claims={claims}
        halted={halted}
        chosen={chosen}
        onChoose={choose}
      />
      <LatestEvents house={house} nameOf={nameOf} />
      {cameras?.length === 0 ? null : <Health cameras={cameras} claims={claims} chosen={chosen} />}
    </div>
  );
}
