import { useEffect, useMemo, useState } from "react";
import { Words, WordsContext } from "./i18n/i18n";
import { House } from "./live/house";
import { LivePage } from "./live/page";
import { PublishPage } from "./publish/page";
import { usePrefs } from "./ui/prefs";
import { Shell } from "./ui/shell";

/**
 * App chooses the page by its address. Pages are documents of their own, not
 * routes: only the publishing page's document may ask for a camera.
 */
export function App({ path }: { path: string }) {
  const prefs = usePrefs();
  const words = useMemo(() => new Words(prefs.lang), [prefs.lang]);
  const [house] = useState(() => new House());
  useEffect(() => {
    house.start();
    return () => house.stop();
  }, [house]);
  const publish = path === "/publish";
  useEffect(() => {
    document.title = `${words.t(publish ? "nav.publish" : "nav.live")} · ${words.t("app.title")}`;
  }, [words, publish]);
  return (
    <WordsContext value={words}>
      <Shell house={house} prefs={prefs} page={publish ? "publish" : "live"}>
        {publish ? <PublishPage house={house} /> : <LivePage house={house} />}
      </Shell>
    </WordsContext>
  );
}
