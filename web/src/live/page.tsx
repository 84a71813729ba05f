import { useCallback, useState } from "react";
import { ErrorNote, useHouse } from "../ui/parts";
import { Events } from "./eventlist";
import { Health } from "./health";
import type { House } from "./house";
import { Recordings } from "./recordings";
import { Wall } from "./wall";

/** The operators' page: pictures, what happens, how the cameras are, recordings. */
export function LivePage({ house }: { house: House }) {
  const state = useHouse(house);
  const [chosen, choose] = useState("");
  const nameOf = useCallback(
    (id: string) => state.cameras?.find((c) => c.id === id)?.name || id,
    [state.cameras],
  );
  return (
    <>
      {state.error ? (
        <div className="live-error">
          <ErrorNote error={state.error} onRetry={() => house.retry()} />
        </div>
      ) : null}
      <div className="live">
        <Wall cameras={state.cameras} chosen={chosen} onChoose={choose} />
        <Events house={house} nameOf={nameOf} />
        {state.cameras?.length === 0 ? null : <Health cameras={state.cameras} chosen={chosen} />}
        <Recordings status={state.status} cameras={state.cameras} nameOf={nameOf} />
      </div>
    </>
  );
}
