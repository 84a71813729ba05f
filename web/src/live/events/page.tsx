import { useTheHouse } from "../housecontext";
import { useNames } from "../names";
import { LatestEvents } from "./latest";

export default function EventsPage() {
  const house = useTheHouse();
  const nameOf = useNames(house);
  return <LatestEvents house={house} nameOf={nameOf} />;
}
