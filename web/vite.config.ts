import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = "http://127.0.0.1:8099"; // go run ./api/apitest/fakeserver

export default defineConfig({
  plugins: [react()],
  build: {
    target: ["chrome125", "firefox128", "safari18"],
    emptyOutDir: false, // keeps .keep, which lets the program build without the pages
    assetsInlineLimit: 0, // the content policy takes no data: scripts
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "/v1": server, "/whep": server, "/whip": server },
  },
});
