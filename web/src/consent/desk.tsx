import { PageHead } from "../kit/page";

export default function Desk() {
  return (
    <div className="desk">
      <PageHead title="" />
    </div>
  );
}
