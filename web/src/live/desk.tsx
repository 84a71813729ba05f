import "./live.css";
import { useTheHouse } from "./housecontext";
import { LivePage } from "./page";

export default function LiveDesk() {
  return <LivePage house={useTheHouse()} />;
}
