import "../live/live.css";
import { useTheHouse } from "../live/housecontext";
import { PublishPage } from "./page";

export default function PublishDesk() {
  return <PublishPage house={useTheHouse()} />;
}
