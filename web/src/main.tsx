import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import "./ui/base.css";
import "./ui/parts.css";
import "./live/live.css";

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App path={location.pathname} />
    </StrictMode>,
  );
}
